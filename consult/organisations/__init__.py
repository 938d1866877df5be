"""For whom may they speak? Organisations and their members."""
