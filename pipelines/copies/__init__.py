"""Near-copies: the same text cut, edited or under another headline; `pipelines.dedup` is the memory around it.

What separates a copy from another article on the same matter is where the shared text lies, not how much there is:
copies share their leads, both ways (measured: research on stories §1). A text is signed once (`signing`), found again
by sampled keys (`index`), and each text found is compared (`verifying`).
"""
