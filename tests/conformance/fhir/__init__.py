"""The public FHIR R4 examples as a source, behind the hospital's own manifest."""
