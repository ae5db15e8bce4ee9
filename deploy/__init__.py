"""How the product is run: on one machine (`deploy.local`) and beyond it. Knows the services; nothing knows it."""
