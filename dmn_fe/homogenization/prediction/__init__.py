"""From the image of a section to its effective properties, without solving for them."""
