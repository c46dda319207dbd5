"""Rules: conditions in CEL over readings and the rest of the map, tried against the past before they count."""
