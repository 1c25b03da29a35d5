"""Rules by their definitions: evaluate(rule, person, now, segments) says whether a rule holds.

Written from docs/segments.md and the language's texts alone, to be held against the database. Nothing here is clever: every
condition goes through all events, numbers are Fractions, times are microseconds since 1970. A JSON null and what is absent
are both None, as the language has it.
"""

import math
import re
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SECOND = 1_000_000
UNITS = {'second': SECOND, 'minute': 60 * SECOND, 'hour': 3600 * SECOND, 'day': 86400 * SECOND, 'week': 7 * 86400 * SECOND}
FEET = Fraction('0.3048')
LENGTHS = {'meter': Fraction(1), 'kilometer': Fraction(1000), 'foot': FEET, 'feet': FEET, 'mile': Fraction('1609.344')}
EARTH_RADIUS = 6371008.8
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


# ---- Values --------------------------------------------------------------------------------------------------

def kind_of(value):
    if value is None:
        return 'null'
    if isinstance(value, bool):
        return 'boolean'
    if isinstance(value, (int, Fraction)):
        return 'number'
    if isinstance(value, str):
        return 'text'
    return 'array' if isinstance(value, list) else 'object'


def same(a, b):
    """Are two values equal? Those of different types never are."""
    if kind_of(a) != kind_of(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    return a == b


def value_at(root, names):
    for name in names:
        if not isinstance(root, dict) or name not in root:
            return None
        root = root[name]
    return root


def duration(text):
    number, unit = text.split()
    amount = Fraction(number) * UNITS[unit.removesuffix('s')]
    assert amount.denominator == 1
    return int(amount)


def instant(text):
    """Microseconds of an ISO 8601 time with a zone, or of midnight UTC of a date; None for any other text."""
    match = re.fullmatch(r'(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d:?\d\d))?', text)
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=timezone.utc)
    except ValueError:
        return None
    us = (moment - EPOCH) // timedelta(microseconds=1) + int((fraction or '0').ljust(6, '0'))
    if zone and zone != 'Z':
        offset = (int(zone[1:3]) * 3600 + int(zone[-2:]) * 60) * SECOND
        us -= offset if zone[0] == '+' else -offset
    return us


# ---- Comparisons ---------------------------------------------------------------------------------------------

def like(text, pattern):
    if not pattern:
        return not text
    if pattern[0] == '%':
        return any(like(text[n:], pattern[1:]) for n in range(len(text) + 1))
    if pattern[0] == '_':
        return bool(text) and like(text[1:], pattern[1:])
    if pattern[0] == '\\':
        pattern = pattern[1:]
    return bool(text) and text[0] == pattern[0] and like(text[1:], pattern[1:])


def less(a, b):
    return kind_of(a) == kind_of(b) and kind_of(a) in ('number', 'text', 'boolean') and a < b


def contains(value, part):
    if isinstance(value, list):
        return any(same(element, part) for element in value)
    return isinstance(value, str) and isinstance(part, str) and part in value


POSITIVE = {
    '=': same,
    '<': less,
    '>': lambda value, other: less(other, value),
    '<=': lambda value, other: less(value, other) or same(value, other),
    '>=': lambda value, other: less(other, value) or same(value, other),
    'like': lambda value, pattern: kind_of(value) == kind_of(pattern) == 'text' and like(value, pattern),
    'ilike': lambda value, pattern: kind_of(value) == kind_of(pattern) == 'text' and like(value.lower(), pattern.lower()),
    'matches': lambda value, pattern: kind_of(value) == 'text' and re.search(pattern, value) is not None,
    'contains': contains,
    'between': lambda value, low, high: POSITIVE['>='](value, low) and POSITIVE['<='](value, high),
    'in': lambda value, *others: any(same(value, other) for other in others),
}
NEGATIVE = {'<>': '=', 'not like': 'like', 'not ilike': 'ilike', 'not matches': 'matches', 'not contains': 'contains',
            'not between': 'between', 'not in': 'in'}
TIME_TESTS = ('in last', 'in next', 'more than ago', 'before', 'after')


def holds(value, op, operand):
    """A test: a comparison with null is false; a negative operator holds where there are a value and all operands, and its
    positive one does not."""
    if op == 'is null':
        return value is None
    if op == 'is not null':
        return value is not None
    operands = operand if op.removeprefix('not ') in ('between', 'in') else [operand]
    if value is None or op != 'in' and any(other is None for other in operands):
        return False
    if op in NEGATIVE:
        return not POSITIVE[NEGATIVE[op]](value, *operands)
    return POSITIVE[op](value, *operands)


def time_holds(us, op, operand, now):
    if us is None:
        return False
    if op == 'in last':
        return now - duration(operand) < us <= now
    if op == 'in next':
        return now < us <= now + duration(operand)
    if op == 'more than ago':
        return us <= now - duration(operand)
    if op == 'before':
        return us < instant(operand)
    if op == 'after':
        return us > instant(operand)
    assert op == 'between'
    return instant(operand[0]) <= us <= instant(operand[1])


def trait_holds(rule, person, now):
    value = value_at(person.traits, rule['trait'])
    if rule['op'] in TIME_TESTS:
        return time_holds(instant(value) if isinstance(value, str) else None, rule['op'], rule['value'], now)
    return holds(value, rule['op'], rule.get('value'))


# ---- Calendars -----------------------------------------------------------------------------------------------

def zone_of(person):
    if not isinstance(person.zone, str):
        return timezone.utc
    try:
        return ZoneInfo(person.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return timezone.utc


def local(us, zone):
    return (EPOCH + timedelta(microseconds=us)).astimezone(zone)


def start_of_day(day, near, zone):
    """The first instant of a local date, which lies at most 40 days before `near`, by halving."""
    low, high = near - 40 * UNITS['day'], near
    assert local(low, zone).date() < day <= local(high, zone).date()
    while high - low > 1:
        middle = (low + high) // 2
        if local(middle, zone).date() >= day:
            high = middle
        else:
            low = middle
    return high


def start_of_calendar(period, now, zone):
    today = local(now, zone).date()
    if period == 'this week':
        today -= timedelta(days=today.weekday())
    elif period == 'this month':
        today = date(today.year, today.month, 1)
    else:
        assert period == 'today'
    return start_of_day(today, now, zone)


# ---- Behaviour -----------------------------------------------------------------------------------------------

def in_window(us, spec, person, now):
    if us > now:
        return False
    if 'last' in spec:
        return now - duration(spec['last']) < us
    if 'between_ago' in spec:
        first, second = map(duration, spec['between_ago'])
        return now - first < us <= now - second
    if 'more_than_ago' in spec:
        return us <= now - duration(spec['more_than_ago'])
    if 'since' in spec:
        return us >= instant(spec['since'])
    if 'before' in spec:
        return us < instant(spec['before'])
    if 'between' in spec:
        return instant(spec['between'][0]) <= us <= instant(spec['between'][1])
    if 'calendar' in spec:
        return us >= start_of_calendar(spec['calendar'], now, zone_of(person))
    return True


def clause_holds(clause, event):
    if isinstance(clause, bool):
        return clause
    if 'and' in clause:
        return all(clause_holds(part, event) for part in clause['and'])
    if 'or' in clause:
        return any(clause_holds(part, event) for part in clause['or'])
    if 'not' in clause:
        return not clause_holds(clause['not'], event)
    return holds(measured(clause, event), clause['op'], clause.get('value'))


def measured(spec, event):
    if 'context' in spec:
        return value_at(event.context, spec['context'])
    return value_at(event.properties, spec['property'])


def selects(spec, event):
    return (spec.get('any') is True or event.name == spec['event']) and clause_holds(spec.get('where', True), event)


def chosen(spec, person, now):
    """Events of a condition in its window, in order."""
    return [event for event in person.events if selects(spec, event) and in_window(event.ts, spec, person, now)]


def aggregate(function, spec, person, now):
    """The number that an aggregate gives; None where it is absent."""
    events = chosen(spec, person, now)
    if function == 'count':
        return Fraction(len(events))
    if function == 'days':
        return Fraction(len({local(event.ts, zone_of(person)).date() for event in events}))
    values = [value for value in (measured(spec, event) for event in events) if value is not None]
    if function == 'distinct':
        different = []
        for value in values:
            if not any(same(value, other) for other in different):
                different.append(value)
        return Fraction(len(different))
    numbers = [value for value in values if kind_of(value) == 'number']
    if function == 'sum':
        return sum(numbers, Fraction(0))
    if not numbers:
        return None
    return {'avg': lambda: sum(numbers) / len(numbers), 'min': lambda: min(numbers), 'max': lambda: max(numbers)}[function]()


AGGREGATES = ('count', 'sum', 'avg', 'min', 'max', 'distinct', 'days')


def most(spec, person, now):
    values = [(number, measured(spec, event)) for number, event in enumerate(chosen(spec, person, now))]
    values = [(number, value) for number, value in values if value is not None]
    best = None
    for _, value in values:
        alike = [number for number, other in values if same(value, other)]
        if best is None or (len(alike), alike[-1]) > best[0]:
            best = ((len(alike), alike[-1]), value)
    return best and best[1]


def sequence_holds(spec, person, now):
    steps = spec['steps']
    within = duration(spec['within']) if 'within' in spec else None
    candidates = [[event.ts for event in person.events if selects(step, event) and in_window(event.ts, spec, person, now)]
                  for step in steps]

    def goes_on(number, first, previous):
        if number == len(steps):
            return within is None or previous - first <= within
        gap = duration(steps[number]['gap']) if 'gap' in steps[number] else None
        return any(goes_on(number + 1, ts if number == 0 else first, ts) for ts in candidates[number]
                   if number == 0 or (ts > previous and (gap is None or ts - previous <= gap)
                                      and (within is None or ts - first <= within)))

    return goes_on(0, None, None)


def abandoned_holds(spec, person, now):
    firsts = [event.ts for event in person.events if selects(spec['first'], event) and event.ts <= now]
    if not firsts:
        return False
    at, within = max(firsts), duration(spec['within'])
    followed = any(selects(spec['then'], event) and at < event.ts <= at + within for event in person.events)
    return not followed and now > at + within and in_window(at, spec, person, now)


def moment_holds(rule, which, person, now):
    times = [event.ts for event in chosen(rule[which], person, now)]
    if not times:
        return False
    us = min(times) if which == 'first' else max(times)
    if rule['op'] in ('between ago', 'since', 'calendar'):
        return in_window(us, {rule['op'].replace(' ', '_'): rule['value']}, person, now)
    return time_holds(us, rule['op'], rule['value'], now)


def distance_meters(latitude, longitude, other_latitude, other_longitude):
    a, b = math.radians(latitude), math.radians(other_latitude)
    h = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS * math.asin(min(1, math.sqrt(h)))


def within_holds(spec, person, now):
    number, unit = spec['distance'].split()
    limit = Fraction(number) * (LENGTHS.get(unit) or LENGTHS[unit.removesuffix('s')])
    place = None
    for event in person.events:
        latitude, longitude = value_at(event.context, ['location', 'latitude']), value_at(event.context, ['location', 'longitude'])
        if event.ts <= now and kind_of(latitude) == kind_of(longitude) == 'number' and abs(latitude) <= 90 and abs(longitude) <= 180:
            place = (latitude, longitude)
    return place is not None and distance_meters(*map(float, place), float(spec['latitude']), float(spec['longitude'])) <= limit


# ---- Arithmetic ----------------------------------------------------------------------------------------------

def quotient(a, b):
    """a / b to 30 significant digits, half away from zero; None for b = 0."""
    if b == 0:
        return None
    exact = abs(a / b)
    if exact == 0:
        return Fraction(0)
    exponent = 0
    while exact >= Fraction(10) ** (exponent + 1):
        exponent += 1
    while exact < Fraction(10) ** exponent:
        exponent -= 1
    unit = Fraction(10) ** (exponent - 29)
    rounded = math.floor(exact / unit + Fraction(1, 2)) * unit
    return rounded if a * b > 0 else -rounded


def number_of(expression, person, now):
    if kind_of(expression) == 'number':
        return expression
    (name, parts), = expression.items()
    if name == 'trait':
        value = value_at(person.traits, parts)
        return value if kind_of(value) == 'number' else None
    if name in AGGREGATES:
        return aggregate(name, parts, person, now)
    a, b = (number_of(part, person, now) for part in parts)
    if a is None or b is None:
        return None
    return {'+': lambda: a + b, '-': lambda: a - b, '*': lambda: a * b, '/': lambda: quotient(a, b)}[name]()


# ---- A share of all users ------------------------------------------------------------------------------------

MASK = (1 << 64) - 1


def mix64(x):
    """The finalizer of SplitMix64 (Steele, Lea, Flood 2014)."""
    x = (x + 0x9e3779b97f4a7c15) & MASK
    x = ((x ^ (x >> 30)) * 0xbf58476d1ce4e5b9) & MASK
    x = ((x ^ (x >> 27)) * 0x94d049bb133111eb) & MASK
    return x ^ (x >> 31)


def hash64(text, seed=0):
    """FNV-1a of 64 bits, mixed."""
    h = 0xcbf29ce484222325 ^ seed
    for byte in text.encode():
        h = ((h ^ byte) * 0x100000001b3) & MASK
    return mix64(h)


def sample_holds(spec, person):
    name = person.user_id if person.user_id is not None else str(person.number)
    return Fraction(hash64(name, hash64(spec['seed'])) >> 11, 1 << 53) < Fraction(spec['percent']) / 100


# ---- Rules ---------------------------------------------------------------------------------------------------

def evaluate(rule, person, now, segments):
    """Does the rule hold for the person at that instant? `segments`: rules by name, for `in segment`."""
    if isinstance(rule, bool):
        return rule
    if 'and' in rule:
        return all(evaluate(part, person, now, segments) for part in rule['and'])
    if 'or' in rule:
        return any(evaluate(part, person, now, segments) for part in rule['or'])
    if 'not' in rule:
        return not evaluate(rule['not'], person, now, segments)
    if 'trait' in rule:
        return trait_holds(rule, person, now)
    if 'held' in rule:
        since = person.since.get(rule['held']['trait'][0])
        return trait_holds(rule['held'], person, now) and since is not None and now >= since + duration(rule['for'])
    if 'in_segment' in rule:
        return evaluate(segments[rule['in_segment']], person, now, segments)
    if 'sample' in rule:
        return sample_holds(rule['sample'], person)
    if 'did' in rule:
        return bool(chosen(rule['did'], person, now))
    for function in AGGREGATES:
        if function in rule:
            return holds(aggregate(function, rule[function], person, now), rule['op'], rule['value'])
    for which in ('first', 'last'):
        if which in rule:
            return moment_holds(rule, which, person, now)
    if 'sequence' in rule:
        return sequence_holds(rule['sequence'], person, now)
    if 'abandoned' in rule:
        return abandoned_holds(rule['abandoned'], person, now)
    if 'most' in rule:
        return holds(most(rule['most'], person, now), rule['op'], rule.get('value'))
    if 'sessions' in rule:
        started = sum(in_window(us, rule['sessions'], person, now) for us in person.sessions)
        return holds(Fraction(started), rule['op'], rule['value'])
    if 'within' in rule:
        return within_holds(rule['within'], person, now)
    if 'now' in rule:
        here = local(now, zone_of(person))
        value = here.strftime('%A').lower() if rule['now'] == 'weekday' else Fraction(here.hour)
        return holds(value, rule['op'], rule['value'])
    compare = rule['compare']
    left, right = (number_of(compare[side], person, now) for side in ('left', 'right'))
    return left is not None and right is not None and holds(left, compare['op'], right)
