"""The log's tables in PostgreSQL, and the triggers by which they only grow; compare gateway/audit/file.py."""

from __future__ import annotations

from typing import Final

VERSION: Final = 3

TABLES: Final = """
CREATE TABLE IF NOT EXISTS audit_version (version INT NOT NULL);
INSERT INTO audit_version SELECT 3 WHERE NOT EXISTS (SELECT FROM audit_version);
CREATE TABLE IF NOT EXISTS audit_entry (
  idx BIGINT PRIMARY KEY,  -- from 0, gapless
  leaf BYTEA NOT NULL,     -- RFC 9162 leaf hash of record
  record BYTEA NOT NULL    -- canonical JSON
);
CREATE TABLE IF NOT EXISTS audit_node (
  level INT NOT NULL,      -- the root of a complete subtree of 256 ** level leaves
  idx BIGINT NOT NULL,
  hash BYTEA NOT NULL,
  PRIMARY KEY (level, idx)
);
CREATE TABLE IF NOT EXISTS audit_shared (
  digest TEXT PRIMARY KEY,
  content BYTEA NOT NULL
);
CREATE TABLE IF NOT EXISTS audit_checkpoint (
  size BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,      -- seconds since 1970
  note TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS audit_checkpoint_at ON audit_checkpoint (at);
CREATE TABLE IF NOT EXISTS audit_head (
  one INT PRIMARY KEY CHECK (one = 1),
  size BIGINT NOT NULL,
  frontier BYTEA NOT NULL,
  note TEXT NOT NULL
) WITH (fillfactor = 10);  -- the one row is rewritten with each commit, in place
CREATE TABLE IF NOT EXISTS audit_cosignature (
  size BIGINT NOT NULL,
  witness TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (witness, size)
);
CREATE TABLE IF NOT EXISTS audit_response_key (
  idx BIGINT PRIMARY KEY,
  key BYTEA NOT NULL
);

CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the access log is append-only'; END $$;
CREATE OR REPLACE FUNCTION audit_head_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.size < OLD.size OR NEW.size <> (SELECT coalesce(max(idx) + 1, 0) FROM audit_entry)
    OR NEW.size - OLD.size <> (SELECT count(*) FROM audit_entry WHERE idx >= OLD.size) THEN
    RAISE EXCEPTION 'the access log grows without a gap';
  END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER audit_head_grows BEFORE UPDATE ON audit_head
  FOR EACH ROW EXECUTE FUNCTION audit_head_grows();
CREATE OR REPLACE TRIGGER audit_head_stays BEFORE DELETE OR TRUNCATE ON audit_head
  FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE OR REPLACE TRIGGER audit_entry_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
  FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE OR REPLACE TRIGGER audit_node_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_node
  FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE OR REPLACE TRIGGER audit_shared_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_shared
  FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE OR REPLACE TRIGGER audit_checkpoint_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoint
  FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
"""
