"""The trace: every view of personal data and every act at the desk, in a chain that shows what was changed (docs/adr/0015)."""
