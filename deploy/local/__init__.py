"""The embedded stack: real PostgreSQL, real NATS, an issuer of tokens and the services, on one machine.

It needs no root, no container and no installed server: the programs come from Python packages. `Stack` is the way in
for `make up`, the demo and the suites that kill things; `PostgresServer` and `NatsServer` also stand alone.
Everything it makes lives under one directory (`var/` by default) and everything it starts dies with it.
"""
