"""`wardcycle database`: create the tables, or bring them to this program's form."""

from cli.groups import group
from cli.options import STORED, Stored
from cli.shown import Shown
from cli.speech import say

app = group("database", say("The database's tables.", "数据库的数据表。"))


@app.command(help=say("Create or upgrade the tables.", "创建或升级数据表。"))
def upgrade(*, stored: Stored = STORED) -> Shown:
    from cli.door import open_door
    from config.words import Text
    from models.migrations import HEAD
    from models.migrations.upgrade import upgrade as bring_up

    with open_door(stored) as door:
        before = bring_up(door.database)
        said = Text(
            f"Tables created, form {HEAD}: {door.database.shown}", f"已创建数据表，版本 {HEAD}：{door.database.shown}"
        )
        if before == HEAD:
            said = Text(f"Nothing to do: the form is {HEAD} already.", f"无需升级：已是版本 {HEAD}。")
        elif before:
            said = Text(f"Upgraded from {before} to {HEAD}.", f"已从 {before} 升级到 {HEAD}。")
        facts = {"before": before, "now": HEAD, "database": door.database.shown}
        return Shown(facts, [door.say(said)], ["wardcycle hospital template hospital.xlsx"])
