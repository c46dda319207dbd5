"""Hot spots: where counts stand together higher or lower than chance would put them."""
