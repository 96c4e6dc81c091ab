"""What a simulation leaves behind and tells."""

from dmn_fe.fem.output.fields import CsvLog, FieldOutput, von_mises_field

__all__ = ["CsvLog", "FieldOutput", "von_mises_field"]
