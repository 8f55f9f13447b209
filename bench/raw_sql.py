"""The statements of the raw side: what both systems share, and where one of them has a faster way."""

TABLES = """
CREATE TABLE cycle (id INTEGER PRIMARY KEY, title TEXT NOT NULL, lead BIGINT NOT NULL, status INT NOT NULL,
  at BIGINT NOT NULL);
CREATE TABLE stage (id INTEGER PRIMARY KEY, cycle BIGINT NOT NULL REFERENCES cycle, position INT NOT NULL,
  slug TEXT NOT NULL, status INT NOT NULL, n_left INT NOT NULL, UNIQUE (cycle, position));
CREATE TABLE task (id INTEGER PRIMARY KEY, cycle BIGINT NOT NULL, stage BIGINT NOT NULL REFERENCES stage,
  slug TEXT NOT NULL, title TEXT NOT NULL,
  owner BIGINT NOT NULL, status INT NOT NULL, hours INT NOT NULL, deadline BIGINT, fire BIGINT,
  step INT NOT NULL, token TEXT NOT NULL UNIQUE, done_at BIGINT, done_by BIGINT, note TEXT);
CREATE INDEX task_fire ON task (fire) WHERE fire IS NOT NULL;
CREATE INDEX task_stage ON task (stage);
CREATE TABLE step (no INTEGER PRIMARY KEY, after BIGINT NOT NULL, kind TEXT NOT NULL);
CREATE TABLE notification (id INTEGER PRIMARY KEY, task BIGINT NOT NULL, step INT NOT NULL, kind TEXT NOT NULL,
  person BIGINT NOT NULL, status INT NOT NULL, at BIGINT NOT NULL, UNIQUE (task, step));
CREATE INDEX notification_queued ON notification (id) WHERE status = 0;
CREATE TABLE audit (id INTEGER PRIMARY KEY, at BIGINT NOT NULL, by BIGINT, what TEXT NOT NULL, entity TEXT NOT NULL,
  entity_id BIGINT NOT NULL, after TEXT NOT NULL)
"""

COUNTS = {
    "tasks": "SELECT count(*) FROM task",
    "open": "SELECT count(*) FROM task WHERE status = 1",
    "stages": "SELECT count(*) FROM stage",
    "notifications": "SELECT count(*) FROM notification WHERE step > -2",
    "audit": "SELECT count(*) FROM audit",
    "cycles_done": "SELECT count(*) FROM cycle WHERE status = 2",
    "dup": "SELECT count(*) FROM (SELECT 1 FROM notification GROUP BY task, step HAVING count(*) > 1) AS twice",
}

MADE_DUE = "UPDATE task SET fire = ?, deadline = ?, step = 0 WHERE id = ?"
ANSWER = """UPDATE task SET status = 2, done_at = ?, done_by = ?, note = 'ok', fire = NULL WHERE token = ?
  AND status = 1 RETURNING id, stage, cycle"""
OPEN_NEXT = """UPDATE task SET status = 1, deadline = ? + hours * 3600, fire = ? + hours * 3600 WHERE stage = ?
  RETURNING id, owner"""
CLOSE = "UPDATE cycle SET status = 2 WHERE id = ?"

SQLITE = {
    "cycle": "INSERT INTO cycle (title, lead, status, at) VALUES ('Bench', ?, 1, ?) RETURNING id",
    "stage": "INSERT INTO stage (id, cycle, position, slug, status, n_left) VALUES (?, ?, ?, ?, ?, 5)",
    "task": """INSERT INTO task (id, cycle, stage, slug, title, owner, status, hours, deadline, fire, step, token)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)""",
    "assigned": "INSERT INTO notification (task, step, kind, person, status, at) VALUES (?, -1, 'assigned', ?, 0, ?)",
    "notify": """INSERT INTO notification (task, step, kind, person, status, at)
      SELECT t.id, t.step, s.kind, t.owner, 0, ? FROM task t JOIN step s ON s.no = t.step WHERE t.fire <= ?""",
    "record": """INSERT INTO audit (at, what, entity, entity_id, after)
      SELECT ?, 'fire', 'task', id, step FROM task WHERE fire <= ?""",
    "move_on": """UPDATE task SET step = step + 1,
      fire = (SELECT task.deadline + s.after FROM step s WHERE s.no = task.step + 1) WHERE fire <= ?""",
}

POSTGRES = {
    "launch": """
      WITH c AS (INSERT INTO cycle (title, lead, status, at) VALUES ('Bench', %(lead)s, 1, %(now)s) RETURNING id),
      s AS (INSERT INTO stage (cycle, position, slug, status, n_left)
        SELECT c.id, x.n - 1, x.slug, (x.n = 1)::int, 5 FROM c, unnest(%(stages)s::text[]) WITH ORDINALITY x (slug, n)
        RETURNING id, cycle, position),
      t AS (INSERT INTO task (cycle, stage, slug, title, owner, status, hours, deadline, fire, step, token)
        SELECT s.cycle, s.id, x.slug, x.title, x.owner, x.open, x.hours, x.deadline, x.fire, 0, x.token FROM s
        JOIN unnest(%(positions)s::int[], %(slugs)s::text[], %(titles)s::text[], %(owners)s::int[], %(opens)s::int[],
          %(hours)s::int[], %(deadlines)s::bigint[], %(fires)s::bigint[], %(tokens)s::text[])
          x (position, slug, title, owner, open, hours, deadline, fire, token) ON x.position = s.position
        RETURNING id, owner, status),
      n AS (INSERT INTO notification (task, step, kind, person, status, at)
        SELECT id, -1, 'assigned', owner, 0, %(now)s FROM t WHERE status = 1),
      a AS (INSERT INTO audit (at, by, what, entity, entity_id, after)
        SELECT %(now)s, %(lead)s, 'launch', 'cycle', id, '{}' FROM c)
      SELECT id FROM c""",
    "sweep": """
      WITH d AS MATERIALIZED (SELECT id, step, owner, deadline FROM task WHERE fire <= ? ORDER BY fire
        FOR UPDATE SKIP LOCKED),
      n AS (INSERT INTO notification (task, step, kind, person, status, at)
        SELECT d.id, d.step, s.kind, d.owner, 0, ? FROM d JOIN step s ON s.no = d.step),
      a AS (INSERT INTO audit (at, what, entity, entity_id, after)
        SELECT ?, 'fire', 'task', d.id, d.step::text FROM d),
      u AS (UPDATE task t SET fire = d.deadline + s.after, step = d.step + 1
        FROM d LEFT JOIN step s ON s.no = d.step + 1 WHERE t.id = d.id RETURNING 1)
      SELECT count(*) FROM u""",
}
