"""What the services share: values (pure), contracts (what they tell each other), kit (plumbing). Nothing else."""
