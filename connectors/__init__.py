"""The edges: everything that touches the outside world, and the records that travel on topics.

``sources`` are polled (`poll`), ``buses`` keep topics, ``sinks`` tell people (`deliver`). To add one, put a module with
``Options`` and ``build`` into its folder: ``type: <its name>`` in the configuration finds it.
"""
