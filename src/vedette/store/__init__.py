"""What must not be forgotten: relational store, migrations, outbox."""
