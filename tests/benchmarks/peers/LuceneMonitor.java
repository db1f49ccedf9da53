import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.core.WhitespaceTokenizer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.Term;
import org.apache.lucene.monitor.Monitor;
import org.apache.lucene.monitor.MonitorConfiguration;
import org.apache.lucene.monitor.MonitorQuery;
import org.apache.lucene.monitor.MultipassTermFilteredPresearcher;
import org.apache.lucene.monitor.Presearcher;
import org.apache.lucene.monitor.QueryMatch;
import org.apache.lucene.monitor.TermFilteredPresearcher;
import org.apache.lucene.queries.spans.SpanNearQuery;
import org.apache.lucene.queries.spans.SpanOrQuery;
import org.apache.lucene.queries.spans.SpanQuery;
import org.apache.lucene.queries.spans.SpanTermQuery;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.PhraseQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;

/**
 * Matches documents one at a time against all queries with Lucene Monitor.
 *
 * <p>Arguments: a folder with {@code queries.jsonl} and {@code documents.jsonl}, processor seconds to warm up, rounds,
 * and {@code TermFiltered} or {@code Multipass}. Prints JSON: the queries found in each document, processor time of
 * this thread a document in microseconds for each round, seconds of building. Garbage is collected by another thread
 * and not counted.
 */
public class LuceneMonitor {
  static final String FIELD = "text";

  /** Fastest of 2, 3 and 4 (measured: with 10,000 queries 0.32, 1.1 and 1.1 ms). */
  static final int PASSES = 2;

  static final ObjectMapper JSON = new ObjectMapper();

  /** Words between spaces; values of a field stand too far apart for any distance. */
  static final Analyzer WORDS =
      new Analyzer() {
        @Override
        protected TokenStreamComponents createComponents(String field) {
          return new TokenStreamComponents(new WhitespaceTokenizer());
        }

        @Override
        public int getPositionIncrementGap(String field) {
          return 1000;
        }
      };

  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    double warm = Double.parseDouble(arguments[1]);
    int rounds = Integer.parseInt(arguments[2]);
    List<MonitorQuery> queries = new ArrayList<>();
    for (JsonNode said : read(folder.resolve("queries.jsonl"))) {
      queries.add(new MonitorQuery(Integer.toString(queries.size()), query(said)));
    }
    List<Document> documents = new ArrayList<>();
    for (JsonNode zones : read(folder.resolve("documents.jsonl"))) {
      Document document = new Document();
      zones.forEach(zone -> document.add(new TextField(FIELD, zone.asText(), Field.Store.NO)));
      documents.add(document);
    }
    Presearcher presearcher =
        arguments[3].equals("Multipass") ? new MultipassTermFilteredPresearcher(PASSES) : new TermFilteredPresearcher();
    run(presearcher, queries, documents, warm, rounds);
  }

  static void run(
      Presearcher presearcher, List<MonitorQuery> queries, List<Document> documents, double warm, int rounds)
      throws Exception {
    long started = clock();
    try (Monitor monitor = new Monitor(WORDS, presearcher, new MonitorConfiguration())) {
      monitor.register(queries);
      double built = (clock() - started) / 1e9;
      List<List<Integer>> found = new ArrayList<>();
      for (Document document : documents) {
        List<Integer> ids = new ArrayList<>();
        for (QueryMatch match : monitor.match(document, QueryMatch.SIMPLE_MATCHER).getMatches()) {
          ids.add(Integer.valueOf(match.getQueryId()));
        }
        found.add(ids);
      }
      for (long until = clock() + (long) (warm * 1e9); clock() < until; ) {
        pass(monitor, documents);
      }
      List<Double> times = new ArrayList<>();
      for (int round = 0; round < rounds; round++) {
        long before = clock();
        pass(monitor, documents);
        times.add((clock() - before) / 1e3 / documents.size());
      }
      Map<String, Object> line = new LinkedHashMap<>();
      line.put("found", found);
      line.put("times", times);
      line.put("built", built);
      System.out.println(JSON.writeValueAsString(line));
    }
  }

  static void pass(Monitor monitor, List<Document> documents) throws Exception {
    for (Document document : documents) {
      monitor.match(document, QueryMatch.SIMPLE_MATCHER);
    }
  }

  static Query query(JsonNode said) {
    if (said.has("phrase")) {
      List<String> words = words(said);
      return words.size() == 1
          ? new TermQuery(new Term(FIELD, words.get(0)))
          : new PhraseQuery(FIELD, words.toArray(String[]::new));
    }
    if (said.has("near")) {
      return span(said);
    }
    BooleanQuery.Builder all = new BooleanQuery.Builder();
    if (!said.get("any").isEmpty()) {
      BooleanQuery.Builder any = new BooleanQuery.Builder();
      said.get("any").forEach(part -> any.add(query(part), Occur.SHOULD));
      all.add(any.build(), Occur.MUST);
    }
    said.get("all").forEach(part -> all.add(query(part), Occur.MUST));
    said.get("none").forEach(part -> all.add(query(part), Occur.MUST_NOT));
    BooleanQuery made = all.build();
    return made.clauses().size() == 1 ? made.clauses().get(0).getQuery() : made;
  }

  /** Neighbours are at distance 1 for us and have a slop of 0 in Lucene. */
  static SpanQuery span(JsonNode said) {
    if (said.has("phrase")) {
      List<String> words = words(said);
      SpanQuery[] terms = words.stream().map(w -> new SpanTermQuery(new Term(FIELD, w))).toArray(SpanQuery[]::new);
      return terms.length == 1 ? terms[0] : new SpanNearQuery(terms, 0, true);
    }
    boolean near = said.has("near");
    List<SpanQuery> parts = new ArrayList<>();
    said.get(near ? "near" : "any").forEach(part -> parts.add(span(part)));
    SpanQuery[] clauses = parts.toArray(SpanQuery[]::new);
    return near ? new SpanNearQuery(clauses, said.get("distance").asInt() - 1, false) : new SpanOrQuery(clauses);
  }

  static List<String> words(JsonNode said) {
    List<String> words = new ArrayList<>();
    said.get("phrase").forEach(word -> words.add(word.asText()));
    return words;
  }

  static List<JsonNode> read(Path path) throws Exception {
    List<JsonNode> read = new ArrayList<>();
    for (String line : Files.readAllLines(path)) {
      read.add(JSON.readTree(line));
    }
    return read;
  }

  static long clock() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }
}
