"""A small world: who sends what, received when; and what is known of people after it, by the definitions of docs/events.md,
docs/identity.md and docs/sessions.md."""

import json
import random
from datetime import timedelta
from fractions import Fraction

from evaluator import EPOCH, UNITS, instant

SECOND, MINUTE, HOUR, DAY = 1_000_000, UNITS['minute'], UNITS['hour'], UNITS['day']
PROMPT = 5 * MINUTE         # so late an event takes effect at its own time, and so early it counts as now
SESSION_TIMEOUT = 30 * MINUTE
ZONE_TRAITS = ('time_zone', 'timezone')  # the first of them that is there names a profile's time zone

EVENTS = ['view', 'view', 'cart', 'purchase', 'App Launch', 'login']
ZONES = ['UTC', 'Europe/Oslo', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Africa/Cairo', 'America/Havana',
         'Asia/Beirut', 'America/Sao_Paulo', 'Pacific/Apia', 'Nowhere/Land', 7]
# Worlds begin some days before clocks are changed somewhere, or anywhere in the year.
BEGINNINGS = ['2025-02-20', '2025-03-15', '2025-03-29', '2025-04-15', '2025-10-10', '2025-10-22', '2024-02-25', '2025-06-01', '2024-12-20']
LENGTHS = ['90 seconds', '10 minutes', '30 minutes', '1 hour', '6 hours', '1 day', '36 hours', '2 days', '3 days', '7 days', '10 days',
           '2 weeks', '30 days']


def text_of(us):
    return (EPOCH + timedelta(microseconds=us)).strftime('%Y-%m-%dT%H:%M:%S.%fZ')


def chance(rng, share):
    return rng.random() < share


# ---- Values, shared with the rules so that they meet -----------------------------------------------------------

def number(rng):
    return rng.choice([0, 1, 2, 3, 5, 10, 20, -1, 2.5, 1.1, 9.99, 0.1, 100, 12345678901234567890])


def text(rng):
    return rng.choice(['pro', 'free', 'team', 'Oslo', 'oslo', 'Åse', 'åse', 'a_b', '50%', '5', '', '/product/1', '/cart', 'ann@example.com', 'x\\y', 'ΔΕ', 'true'])


def scalar(rng):
    return rng.choice([lambda: number(rng), lambda: text(rng), lambda: chance(rng, 0.5), lambda: None])()


def anything(rng):
    return rng.choice([lambda: scalar(rng), lambda: [scalar(rng) for _ in range(rng.randrange(4))],
                       lambda: {'city': scalar(rng), 'zip': {'code': scalar(rng)}}, lambda: {}])()


def time_text(rng, around):
    us = around + rng.choice([-1, 1]) * rng.choice([0, 1, HOUR, DAY, 3 * DAY, 7 * DAY, 20 * DAY])
    moment = text_of(us)
    return rng.choice([moment, moment, moment[:10], moment[:19] + 'Z', moment[:19] + '+02:00', moment[:19] + '-0530', moment[:19], 'soon'])


TRAITS = {
    'plan': lambda rng, us: rng.choice(['pro', 'free', 'team', None]),
    'age': lambda rng, us: rng.choice([18, 25, 30, 40, 29.5]),
    'balance': lambda rng, us: number(rng),
    'spent': lambda rng, us: number(rng),
    'vip': lambda rng, us: rng.choice([True, False, None, 'true']),
    'email': lambda rng, us: rng.choice(['ann@example.com', 'BOB@Example.com', 'Åse@x.NO', 'ΔΕ', 'ŹĆ', 'Жук', None]),
    'tags': lambda rng, us: rng.choice([[], ['IT'], ['IT', 'art'], [1, '1', None], [True], 'IT and art', None]),
    'address': lambda rng, us: rng.choice([{'city': 'Oslo', 'zip': {'code': 5}}, {'city': None}, {}, 'Oslo', None, {'city': 'Bergen'}]),
    'renewal': time_text,
    'time_zone': lambda rng, us: rng.choice(ZONES + [None]),
    'timezone': lambda rng, us: rng.choice(ZONES),
}
PROPERTIES = {
    'amount': lambda rng: number(rng),
    'qty': lambda rng: rng.choice([1, 1, 2, 3]),
    'url': lambda rng: rng.choice(['/product/1', '/product/2', '/cart', '/']),
    'vip': lambda rng: chance(rng, 0.5),
    'item': lambda rng: rng.choice([{'color': 'red', 'price': 9.99}, {'color': 'blue', 'price': 5}, {}, None, 'red']),
    'tags': lambda rng: rng.choice([[], ['a'], ['a', 1], 'abc']),
}


def some(rng, makers, share, *arguments):
    """An object of some of these members, now and then of another type than usual."""
    return {name: anything(rng) if chance(rng, 0.1) else make(rng, *arguments) for name, make in makers.items() if chance(rng, share)}


def context(rng):
    made = {}
    if chance(rng, 0.4):
        made['app'] = {'name': rng.choice(['ios', 'web']), 'build': rng.choice([1, 2])}
    if chance(rng, 0.35):
        made['location'] = rng.choice([
            {'latitude': 59.91, 'longitude': 10.75}, {'latitude': 59.911, 'longitude': 10.751}, {'latitude': 59.9101, 'longitude': 10.7501},
            {'latitude': 60.39, 'longitude': 5.32}, {'latitude': 91, 'longitude': 0}, {'latitude': '59.91', 'longitude': 10.75},
            {'latitude': 59.91}, {'latitude': -59.91, 'longitude': 179.99}])
    if chance(rng, 0.08):
        made['session_id'] = rng.choice(['s1', 's2'])
    return made


# ---- Messages --------------------------------------------------------------------------------------------------

class Message:
    """kind (track, identify, alias), user, device, previous, event, ts, received, content (properties or traits), context, insert_id."""

    def __init__(self, **fields):
        self.kind = self.user = self.device = self.previous = self.event = self.insert_id = None
        self.content, self.context = {}, {}
        self.__dict__.update(fields)

    def payload(self, prefix):
        names = {'type': self.kind, 'userId': self.user, 'anonymousId': self.device, 'previousId': self.previous, 'event': self.event,
                 'messageId': self.insert_id and prefix + self.insert_id, 'timestamp': text_of(self.ts)}
        names = {name: value for name, value in names.items() if value is not None}
        if self.kind != 'alias':
            names['traits' if self.kind == 'identify' else 'properties'] = self.content
        if self.context:
            names['context'] = self.context
        return json.dumps(names)


class Step:
    """One batch: the clock it is taken at, messages in the order of receipt, and who is forgotten after it (an id)."""

    def __init__(self, clock, messages):
        self.clock, self.messages, self.forget = clock, messages, None


def times(rng, start, span, count):
    """Times of messages: somewhere, or near another one by a length that rules use, with differences of a microsecond."""
    made = []
    while len(made) < count:
        if made and chance(rng, 0.55):
            away = rng.choice([lambda: 0, lambda: 0, lambda: rng.randrange(1, 40 * MINUTE),
                               lambda: UNITS['minute'] * 30 + rng.choice([-1, 0, 1]),
                               lambda: length(rng) + rng.choice([-1, 0, 1])])()
            us = rng.choice(made) + away
        else:
            us = start + rng.choice([SECOND, 1])  * (rng.randrange(span // SECOND))
        made.append(min(max(us, start), start + span))
    return made


def length(rng):
    number, unit = rng.choice(LENGTHS).split()
    return int(number) * UNITS[unit.removesuffix('s')]


def received_of(rng, ts, end):
    return min(end, ts + rng.choice([lambda: 0] * 4 + [lambda: rng.randrange(PROMPT)] * 3 + [lambda: PROMPT, lambda: PROMPT + 1,
               lambda: rng.randrange(3 * HOUR), lambda: rng.randrange(20 * DAY), lambda: -rng.randrange(PROMPT), lambda: -PROMPT])())


def world(seed):
    """The steps of a seed."""
    rng = random.Random(f'world {seed}')
    start = instant(rng.choice(BEGINNINGS)) + rng.randrange(12) * DAY
    span = rng.choice([2, 8, 25, 45]) * DAY
    users = [f'u{n}' for n in range(1, rng.randrange(4, 9))]
    devices = [f'a{n}' for n in range(1, rng.randrange(2, 6))]
    home = {device: rng.choice(users + [None]) for device in devices}
    messages, used = [], set()
    for ts in times(rng, start, span, rng.randrange(25, 90)):
        message = Message(ts=ts, received=max(start, received_of(rng, ts, start + span)))
        if chance(rng, 0.6):
            message.user = rng.choice(users)
        else:
            message.device = rng.choice(devices)
            if home[message.device] and chance(rng, 0.3):
                message.user = home[message.device] if chance(rng, 0.85) else rng.choice(users)
        what = rng.random()
        if what < 0.015 and len(users) > 1:
            message.kind, message.device = 'alias', None
            message.previous, message.user = rng.sample(users, 2)
        elif what < 0.26:
            message.kind = 'identify'
            while min(message.ts, message.received) in used:  # which of two traits of one instant is the newer is nobody's to say
                message.ts += 1
                message.received += 1
            used.add(min(message.ts, message.received))
            message.content = some(rng, TRAITS, 0.3, ts)
        else:
            message.kind, message.event = 'track', rng.choice(EVENTS)
            if chance(rng, 0.04):
                message.event = rng.choice(['session_start', 'session_end'])
            message.content, message.context = some(rng, PROPERTIES, 0.55), context(rng)
        if message.kind == 'track' and chance(rng, 0.01):
            message.received = message.ts - PROMPT - 1  # a dead letter
        if chance(rng, 0.5):
            message.insert_id = f'm{len(messages)}'
        messages.append(message)
    for message in list(messages):  # the same again, sometimes saying something else; at most 6 days later
        if message.insert_id and chance(rng, 0.2):
            again = Message(**message.__dict__)
            again.received = min(start + span, message.received + rng.randrange(6 * DAY))
            if message.kind == 'track' and chance(rng, 0.3):
                again.content = {'amount': 77}
            messages.append(again)
    messages.sort(key=lambda message: message.received)
    return steps_of(rng, messages, start, span)


def steps_of(rng, messages, start, span):
    cuts = sorted(rng.randrange(1, len(messages)) for _ in range(rng.randrange(2, 6))) + [len(messages)]
    steps, done = [], 0
    for cut in cuts:
        batch = messages[done:cut]
        last = batch[-1].received if batch else (steps[-1].clock if steps else start)
        following = messages[cut].received if cut < len(messages) else start + span + 40 * DAY
        clocks = [ts for ts in (interesting(rng, messages) for _ in range(6)) if last <= ts <= following]
        steps.append(Step(rng.choice([last, following] + clocks * 3), batch))
        if chance(rng, 0.07):
            steps[-1].forget = rng.choice([message.user or message.device for message in messages])
        done = cut
    for _ in range(rng.randrange(1, 4)):  # time alone goes on
        steps.append(Step(steps[-1].clock + rng.choice([1, length(rng), rng.randrange(20 * DAY)]), []))
    return steps


def interesting(rng, messages):
    """An instant near one at which something may change."""
    return rng.choice(messages).ts + rng.choice([lambda: 0, lambda: length(rng), lambda: length(rng) + length(rng)])() + rng.choice([-1, 0, 0, 1])


# ---- What is known -----------------------------------------------------------------------------------------------

class Event:
    def __init__(self, ts, arrival, message):
        self.ts, self.arrival, self.name, self.insert_id = ts, arrival, message.event, message.insert_id
        exact = {'parse_int': Fraction, 'parse_float': Fraction}
        self.properties = json.loads(json.dumps(message.content), **exact)
        self.context = json.loads(json.dumps(message.context), **exact)


class Person:
    """One person: ids, user_id (its name), number (the database's), traits, since (when each got its value), events in order, sessions
    (when each began), zone."""

    def __init__(self):
        self.ids, self.user_id, self.number, self.merged_into = set(), None, None, None
        self.events, self.history = [], {}
        self.traits, self.since, self.sessions, self.zone = {}, {}, [], None
        self.held = {}  # of each trait, as messages came: the newest time, since when it is so, and its value

    def set_trait(self, name, ts, arrival, value):
        self.history.setdefault(name, []).append((ts, arrival, value))
        newest, since, present = self.held.get(name, (ts, ts, value))
        if ts >= newest:
            self.held[name] = (ts, since if is_same(value, present) else ts, value)

    def merge_held(self, other):
        for name, (newest, since, value) in other.held.items():
            ours = self.held.get(name)
            if ours and is_same(value, ours[2]):
                self.held[name] = (max(newest, ours[0]), min(since, ours[1]), ours[2])
            elif not ours or ours[0] < newest:
                self.held[name] = (newest, since, value)

    def present(self):
        """Who this is after all merges."""
        return self.merged_into.present() if self.merged_into else self

    def settle(self):
        """Works out what follows from events and traits in the order of their times."""
        self.events.sort(key=lambda event: (event.ts, event.arrival))
        self.traits, self.since = {}, {name: since for name, (_, since, _) in self.held.items()}
        for name, values in self.history.items():
            values.sort(key=lambda value: value[:2])
            newest = json.loads(json.dumps(values[-1][2]), parse_int=Fraction, parse_float=Fraction)
            if newest is not None:
                self.traits[name] = newest
        self.zone = next((self.traits[name] for name in ZONE_TRAITS if name in self.traits), None)
        self.sessions = sessions_of(self.events)


def is_same(value, other):
    return json.dumps(value, sort_keys=True) == json.dumps(other, sort_keys=True)


def sessions_of(events):
    """When each session began."""
    began, previous, run_id = [], None, None
    for event in events:
        event_id = event.context.get('session_id')
        if previous is None:
            is_new = True
        elif run_id is not None and event_id is not None:
            is_new = run_id != event_id
        else:
            is_new = (event.name == 'session_start' or previous.name == 'session_end' or event.ts - previous.ts > SESSION_TIMEOUT)
        if is_new:
            began.append(event.ts)
            run_id = None
        run_id = run_id if run_id is not None else event_id
        previous = event
    return began


class State:
    """What is known after messages, in the order of receipt."""

    def __init__(self):
        self.owner, self.taken, self.arrivals, self.dead = {}, {}, 0, []

    def people(self):
        return list(dict.fromkeys(self.owner.values()))

    def take(self, message, clock=0):
        """Takes one message, at that clock. Returns whom it concerned and when, with what else counts from its
        own time on, and whether it is more than an event; or None."""
        ts = min(message.ts, message.received)
        if message.ts > message.received + PROMPT:
            self.dead.append(clock)
            return None
        if message.insert_id is not None:
            if message.insert_id in self.taken:
                return None
            self.taken[message.insert_id] = message
        self.arrivals += 1
        known = len(self.people())
        person, has_merged = self.resolve(message)
        if message.kind == 'track':
            person.events.append(Event(ts, self.arrivals, message))
        for name, value in message.content.items() if message.kind == 'identify' else []:
            person.set_trait(name, ts, self.arrivals, value)
        is_new = len(self.people()) > known
        effect = message.received if message.received - ts > PROMPT else ts
        # What whoever was merged did later counts from then on.
        behind = {event.ts for event in person.events if event.ts > effect} if has_merged else set()
        return person, ts, behind, has_merged or is_new or message.kind != 'track'

    def resolve(self, message):
        user, other_id = message.user, message.previous or message.device
        person, other = self.owner.get(user), self.owner.get(other_id)
        is_alias, has_merged = message.kind == 'alias', False
        if person is None and user is None:
            person = other
        elif person is None and other is not None and not is_alias and other.user_id is None:
            person, has_merged = other, True
        if person is None:
            person = Person()
        if user is not None:
            person.user_id = person.user_id or user
            self.owner[user] = person
            person.ids.add(user)
        if other is not None and other is not person:
            if is_alias or other.user_id is None:
                self.merge(other, person)
                has_merged = True
            else:
                other.ids.discard(other_id)
        if other_id is not None:
            self.owner[other_id] = person
            person.ids.add(other_id)
        return person, has_merged

    def merge(self, loser, winner):
        winner.events += loser.events
        winner.merge_held(loser)
        for name, values in loser.history.items():
            winner.history[name] = winner.history.get(name, []) + values
        winner.ids |= loser.ids
        loser.merged_into = winner
        for name in loser.ids:
            self.owner[name] = winner

    def forget(self, name):
        """Forgets who has this id. Insert ids of events are free again."""
        person = self.owner.get(name)
        if person is None:
            return None
        self.owner = {name: owner for name, owner in self.owner.items() if owner is not person}
        mine = {event.insert_id for event in person.events if event.insert_id}
        self.taken = {name: message for name, message in self.taken.items() if name not in mine}
        return person
