"""How channels and addresses do: breakers, refused addresses, the valve."""
