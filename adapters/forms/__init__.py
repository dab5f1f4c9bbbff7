"""The forms in which agencies write dates, numbers, bytes and persons, one module each."""
