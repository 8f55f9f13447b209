"""How care flows, from an event table: steps, hand-overs and how long each is waited for. Pure."""
