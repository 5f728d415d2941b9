"""The statements of one transaction, read from PostgreSQL's log and made into a pgbench script.

What is compared then is what the program really sends, today: nothing is written down twice. Values
that differ from one transaction to the next become random ones of the same type and length.
"""

import datetime
import re

from .processes import Failed

PREFIX = "%c|%a|"  # log_line_prefix that `entries` reads
UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def entries(log):
    """(session, application, kind, text) of each message, lines put together again."""
    found = []
    for line in log.splitlines():
        start = re.match(r"^([0-9a-f]+\.[0-9a-f]+)\|([^|]*)\|(LOG|DETAIL|ERROR|STATEMENT): +(.*)$",
                         line)
        if start:
            found.append([*start.groups()])
        elif found and line.startswith("\t"):
            found[-1][3] += "\n" + line[1:]
    return found


def parameters(detail):
    """{1: value or None} out of `parameters: $1 = 'a', $2 = NULL`."""
    values = {}
    for number, text in re.findall(r"\$(\d+) = (NULL|'(?:[^']|'')*')", detail, re.DOTALL):
        values[int(number)] = None if text == "NULL" else text[1:-1].replace("''", "'")
    return values


def transactions(log, application):
    """Lists of (statement, parameters), each from BEGIN to COMMIT in one session."""
    open_ones, done = {}, []
    for session, name, kind, text in entries(log):
        if name != application:
            continue
        if kind == "LOG":
            found = re.match(r"(?:execute [^:]*|statement): (.*)$", text, re.DOTALL)
            if not found:
                continue
            statement = found[1].strip()
            if statement.upper().startswith("BEGIN"):
                open_ones[session] = []
            if session in open_ones:
                open_ones[session].append((statement, {}))
                if statement.upper().startswith(("COMMIT", "ROLLBACK", "END")):
                    done.append(open_ones.pop(session))
        elif kind == "DETAIL" and text.startswith("parameters:") and open_ones.get(session):
            statement, _ = open_ones[session][-1]
            open_ones[session][-1] = (statement, parameters(text))
    return done


def transaction_with(log, application, value):
    """The one with a parameter of this value."""
    for candidate in transactions(log, application):
        if any(value in parameters.values() for _, parameters in candidate):
            return candidate
    raise Failed(f"no transaction of {application} with {value} is in the server's log")


def pgbench_script(first, second, parameter_types, one_each=()):
    """A script out of two captured transactions of the same kind.

    `parameter_types` tells for a statement the SQL types of its parameters. Each client of
    pgbench has one of `one_each` in the place of the first.
    """
    if [statement for statement, _ in first] != [statement for statement, _ in second]:
        raise Failed("two requests of a kind sent different statements")
    names, body, begin = {}, [], earliest(first)
    for (statement, values), (_, others) in zip(first, second):
        types = parameter_types(statement) if values else []
        expressions = {}
        for number, value in values.items():
            type = types[number - 1] if number <= len(types) else "text"
            expressions[number] = (
                own(one_each, type) if value in one_each[:1]
                else expression(value, others.get(number), type, names, begin))
        body.append(re.sub(
            r"\$(\d+)", lambda mark: expressions[int(mark[1])], statement).rstrip(";") + ";")
    random = [f"\\set {name} random(1, 4611686018427387903)" for name in names.values()]
    return "\n".join(random + [one_line(statement) for statement in body]) + "\n"


def own(values, type):
    array = ", ".join(f"'{value}'" for value in values)
    return f"((ARRAY[{array}])[:client_id + 1])::{type}"


def one_line(statement):
    return re.sub(r"\s*\n\s*", " ", statement)


def earliest(transaction):
    """The first of the times among the parameters: about when it was."""
    return min((time for _, values in transaction for value in values.values()
                if (time := as_time(value))), default=None)


def as_time(value):
    try:
        return datetime.datetime.fromisoformat(re.sub(r"(Z|[+-]\d\d)$", "+00:00", value or ""))
    except ValueError:
        return None


def expression(value, other, type, names, begin=None):
    if value is None:
        return f"NULL::{type}"
    if value == other or type in ("bytea", "json", "jsonb", "integer", "smallint", "boolean"):
        return f"{literal(value)}::{type}"
    if type.startswith("timestamp"):
        # What expires in a day is to do so here, too.
        time = as_time(value)
        offset = round((time - begin).total_seconds()) if time and begin else 0
        return f"(now() + interval '{offset} seconds')::{type}"
    name = names.setdefault(value, f"value_{len(names) + 1}")
    if UUID.match(value):
        text = f"lpad(to_hex(:{name}::bigint), 32, '0')::uuid"
        return text if type == "uuid" else f"({text})::text"
    if type == "bigint":
        return f":{name}::bigint"
    return f"lpad(:{name}::bigint::text, {len(value)}, 'x')"


def literal(value):
    escaped = value.replace("'", "''").replace("\\", "\\\\")
    # pgbench takes a colon before a letter for a variable, also between quotes.
    escaped = escaped.replace(":", "\\x3a")
    return f"E'{escaped}'" if "\\" in escaped else f"'{escaped}'"
