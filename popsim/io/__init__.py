"""Files in and out; a file is written whole or not at all."""
