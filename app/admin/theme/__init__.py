"""How the product looks: templates, styles, scripts, and what every page needs to know."""
