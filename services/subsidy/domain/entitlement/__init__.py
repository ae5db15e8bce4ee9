"""One expression decides (ARCHITECTURE 1.1): entitled, due, payable of anybody, in any month, as known at any moment.

Written in SQLAlchemy's expression language, an algebra without I/O: no session, no engine, nothing is read here.

`terms`     the policy of the counties and months asked about, as relations
`sources`   what stands about the population, bound inside every source
`claims`    who might be owed something: awards, granted back-payments, persons at home
`alike`     who need not be asked about, for another of whom the same is on record
`cases`     one row a claim with everything the rules look at
`rules`     the list of rules, which is also the documentation
`decision`  the rules applied, the claim that counts picked, payments taken off
"""
