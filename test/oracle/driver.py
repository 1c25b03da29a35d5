#!/usr/bin/python3
"""Holds the database against evaluator.py: random people and rules, one case for each seed.

    PGHOST=… PGDATABASE=… driver.py [--seeds N] [--first N] [--seed N …] [--seconds S]

The database is empty but for the extension, and no worker runs there; its messages are deleted. Without --seed the seeds of failures.txt run first. Prints
every difference with its seed, then one line `# KIND: N comparisons, M differences` for each kind of comparison.
"""

import argparse
import collections
import pathlib
import random
import sys
import time
import traceback

import evaluator
from cases import Case, conditions_of, lengths_of, text_of_rule
from changes import Changes
from database import Database, Lost, Refused, quoted
from rules import names_of_segments
from world import DAY, State, chance, text_of

PIECE = 3  # messages that are taken before the others, at times
VALID_UNTIL = "(e ->> 'valid_until')::timestamptz"
KINDS = ('state', 'rule', 'match', 'users', 'explain', 'membership', 'refresh', 'change')


def us_of(column):
    return f'round(extract(epoch from {column}) * 1000000)::bigint'


SNAPSHOT = f"""
SELECT json_build_object(
    'ids', (SELECT coalesce(json_object_agg(value, user_no), '{{}}') FROM cdp.identity
            WHERE kind = CASE WHEN value LIKE 'u%' THEN 'user_id' ELSE 'anonymous_id' END),
    'profiles', (SELECT coalesce(json_object_agg(user_no, json_build_object('user_id', user_id, 'traits', traits)), '{{}}') FROM cdp.profile),
    'members', (SELECT coalesce(json_object_agg(name, rb_to_array(cdp_segment(name))), '{{}}') FROM cdp.segment),
    'status', (SELECT json_agg(name) FROM cdp.segment WHERE status <> 'ready'),
    'evaluated', (SELECT coalesce(json_object_agg(user_no, {us_of('evaluated_at')}), '{{}}') FROM cdp.membership),
    'dead', (SELECT count(*) FROM cdp.dead_letter),
    'last_change', (SELECT coalesce(max(change_no), 0) FROM cdp.segment_change));
"""


class Given_up(Exception):
    """A case cannot go on."""


def rule_sql(rule):
    return quoted(text_of_rule(rule)) + '::cdp_rule'


def time_sql(us):
    return f"'{text_of(us)}'::timestamptz"


class Run(Changes):
    """Runs cases on a database and counts."""

    def __init__(self, database):
        self.database = database
        database.run("SELECT 'a = 1'::cdp_rule;")  # loads the library
        self.compared, self.different = collections.Counter(), collections.Counter()
        self.truths = collections.Counter()
        self.cases = 0
        self.failed = []
        self.clean(None)

    def tell(self, kind, **facts):
        self.different[kind] += 1
        if self.case.seed not in self.failed:
            self.failed.append(self.case.seed)
        self.told += 1
        if self.told <= 4:
            print(f'DIFFERENCE of {kind}, seed {self.case.seed}, step {self.step_no}')
            for name, fact in facts.items():
                print(f'    {name}: {fact}')
            sys.stdout.flush()

    # ---- One case ------------------------------------------------------------------------------------------------

    def run(self, seed):
        self.case, self.told, self.step_no = None, 0, None
        self.cases += 1
        try:
            self.case = case = Case(seed)
            self.rules, self.segments, self.last_clock = [], {}, None
            self.state, self.index_rng = State(), random.Random(f'indexes {seed}')
            for self.step_no, step in enumerate(case.steps):
                self.define(step)
                self.step(step)
                if step.forget:
                    self.forget(step.forget)
        except Given_up:
            pass
        except (Refused, KeyError, AssertionError, TypeError, ValueError) as error:
            if self.case is None:
                raise
            self.tell('state', error=''.join(traceback.format_exception(error))[-3000:])
        self.clean(self.case)

    def clean(self, case):
        """Leaves nothing behind for the next case."""
        self.database.run('RESET cdp.now;')
        try:
            left = self.database.ask(
                'DELETE FROM cdp.segment; DELETE FROM cdp.trait_index;\n\\o /dev/null\nSELECT cdp_process();\nSELECT cdp_forget(value) FROM (SELECT DISTINCT value FROM cdp.identity) AS i;\n\\o\n'
                'DELETE FROM cdp.dead_letter; DELETE FROM cdp.segment_change; DELETE FROM cdp.insert_id; DELETE FROM cdp.insert_id_conflict; DELETE FROM cdp.identity_log;\n'
                "UPDATE cdp.inbox_cursor SET clock = '-infinity';\n"
                'SELECT (SELECT count(*) FROM cdp.profile) + (SELECT count(*) FROM cdp.membership) + (SELECT count(*) FROM cdp.event) + (SELECT count(*) FROM cdp.segment_chunk) + (SELECT count(*) FROM cdp.segment_edit)'
                ' + (SELECT count(*) FROM cdp.segment_due) + (SELECT count(*) FROM cdp.session_span) + (SELECT count(*) FROM cdp.identity);')
            if left != [0] and case:
                self.tell('state', left_after_everybody_is_forgotten=left)
        except Refused as error:
            if case is None:
                raise
            self.tell('state', error=error)

    def can_ask(self, rule, known):
        return names_of_segments(rule) <= set(known)

    def clock_sql(self, us):
        return f"SET cdp.now = '{text_of(us)}';\n"

    def define(self, step):
        """Defines and edits segments, at the clock of the step before."""
        if self.last_clock is None:
            self.last_clock = min([step.clock, *(message.received for message in step.messages)]) - 1
        clock = self.last_clock
        before = dict(self.segments)
        for name, rule in self.case.defined[self.step_no]:
            if not self.can_ask(rule, self.segments) or name in names_of_segments(rule) or any(self.reaches(other, name) for other in names_of_segments(rule)):
                continue
            self.segments[name] = rule
            self.database.run(self.clock_sql(clock) + f'INSERT INTO cdp.segment (name, rule) VALUES ({quoted(name)}, {rule_sql(rule)})'
                              ' ON CONFLICT (name) DO UPDATE SET rule = EXCLUDED.rule;')
            self.check_rule(rule)
        if self.segments != before and self.state.owner:
            snapshot, = self.database.ask(SNAPSHOT)
            self.check_members('membership', snapshot, clock)
        if self.step_no == 0:
            self.rules = [rule for rule in self.case.rules if self.can_ask(rule, [name for name, _ in self.case.defined[0]])]
            for rule in self.rules:
                self.check_rule(rule)

    def reaches(self, name, other):
        return name == other or any(self.reaches(part, other) for part in names_of_segments(self.segments[name]))

    def check_rule(self, rule):
        """Text and JSON of the rule stand for the same."""
        sql = rule_sql(rule)
        self.compared['rule'] += 1
        answer = self.database.run(f'SELECT {sql}::text::cdp_rule = {sql}, {sql}::jsonb::cdp_rule = {sql}, {sql};')
        if not answer[0].startswith('t|t|'):
            self.tell('rule', rule=text_of_rule(rule), answer=answer)

    def step(self, step):
        rng = random.Random(self.case.choices[self.step_no])
        prefix = f'{self.cases}-{self.case.seed}-'
        rows = ',\n'.join(f'({quoted(message.payload(prefix))}, {time_sql(message.received)})' for message in step.messages)
        script = self.clock_sql(step.clock) + SNAPSHOT + '\\o /dev/null\n' + self.indexes()
        if rows:
            script += f'INSERT INTO cdp.inbox (payload, received_at) VALUES {rows};\n'
        pack = f'SET cdp.chunk_events = {rng.choice([2, 3, 5, 512])};\nSELECT cdp_pack();\n' if chance(rng, 0.4) else ''
        script += (pack if chance(rng, 0.5) else '') + (f'SELECT cdp_process({PIECE});\n' if chance(rng, 0.2) else '') + 'SELECT cdp_process();\n' + pack
        kept = random.Random(self.case.choices[self.step_no] + 1)
        script = f'SET cdp.keep_history_from = {kept.choice([1, 3, 10, 2000])};\nSET cdp.due_cache = {kept.choice([0, 262144, 262144])};\n' + script
        script += self.indexes() + '\\o\n' + SNAPSHOT + "SELECT coalesce(json_agg(json_build_array(user_no, segment, change, " \
            f"{us_of('effective_at')}, reason, {us_of('recorded_at')}) ORDER BY change_no), '[]') FROM cdp.segment_change WHERE change_no > :before;\n"
        before, after, changes = self.ask_step(script)
        taken = [(message, self.state.take(message, step.clock)) for message in step.messages]
        self.settle(after, step.clock)
        self.ask_rules(step, rng)
        self.explain(step, rng)
        self.check_members('membership', after, step.clock)
        self.check_changes(step, taken, before, changes, PIECE if f'cdp_process({PIECE})' in script else 0)
        if chance(rng, 0.3) or self.step_no == len(self.case.steps) - 1:
            self.refresh(step, after['last_change'])
        self.last_clock = step.clock

    def indexes(self):
        """Statements that make and drop indexes of traits, and bring them up to date: no answer depends on them."""
        rng = self.index_rng
        traits = rng.sample(['plan', 'age', 'balance', 'spent', 'vip', 'email', 'tags', 'address', 'address.city', 'renewal'], 3)
        return rng.choice([
            '', '', 'SELECT cdp_fold_traits();\n', 'SELECT cdp_fold_traits(2);\n', f'DELETE FROM cdp.trait_index WHERE trait = {quoted(traits[0])};\n',
            f'INSERT INTO cdp.trait_index (trait) VALUES {", ".join(f"({quoted(trait)})" for trait in traits)} ON CONFLICT DO NOTHING;\n'])

    def ask_step(self, script):
        head, tail = script.split(SNAPSHOT, 1)
        before, = self.database.ask(head + SNAPSHOT)
        return [before] + self.database.ask(tail.replace(':before', str(before['last_change'])))

    # ---- Comparisons -----------------------------------------------------------------------------------------------

    def settle(self, snapshot, clock):
        """Finds everybody's number, and holds who is who and what is known against the database."""
        people = self.state.people()
        self.compared['state'] += 1
        faults = []
        numbers = {}
        for name, person in self.state.owner.items():
            number = snapshot['ids'].get(name)
            if number is None or numbers.setdefault(id(person), number) != number:
                faults.append(f'{name} is {number}')
        if set(snapshot['ids']) - set(self.state.owner) or len(people) != len(snapshot['profiles']) or len(set(numbers.values())) != len(people):
            faults.append(f'people {[sorted(person.ids) for person in people]} have ids {snapshot["ids"]}, profiles {list(snapshot["profiles"])}')
        if not faults:
            for person in people:
                person.settle()
                person.number = int(numbers[id(person)])
                profile = snapshot['profiles'][str(person.number)]
                person.user_id = profile['user_id'] if person.user_id is not None else person.user_id
                if profile['traits'] != person.traits:
                    faults.append(f'{sorted(person.ids)} has traits {profile["traits"]}, expected {person.traits}')
        if snapshot['status']:
            faults.append(f'not ready: {snapshot["status"]}')
        kept = [at for at in self.state.dead if at >= clock - 30 * DAY]  # older ones are deleted some time
        if not len(kept) <= snapshot['dead'] <= len(self.state.dead):
            faults.append(f'{snapshot["dead"]} dead letters, expected {len(kept)}')
        if faults:
            self.tell('state', faults=faults)
            raise Given_up
        self.people = people

    def truth(self, rule, person, now):
        return evaluator.evaluate(rule, person, now, self.segments)

    def expected(self, rule, now):
        found = {person.number for person in self.people if self.truth(rule, person, now)}
        self.truths[min(1, len(found))] += 1
        return found

    def describe(self, numbers):
        return {person.number: sorted(person.ids) for person in self.people if person.number in numbers} or sorted(numbers)

    def ask_rules(self, step, rng):
        """cdp_match and cdp_users of some rules at some instants."""
        rules = [(rule, None) for rule in self.rules if self.can_ask(rule, self.segments)] + [(self.segments[name], name) for name in self.segments]
        if not rules or not self.people:
            return
        rules = rng.sample(rules, min(len(rules), 6))
        instants = [step.clock] + self.case.instants[self.step_no]
        names = ', '.join(quoted(rng.choice(sorted(person.ids))) for person in self.people)
        values = ', '.join(f'({n}, {rule_sql(rule)}, {time_sql(us)}, {us})' for n, (rule, _) in enumerate(rules) for us in instants)
        answers = self.database.ask(
            f'SELECT json_build_array(n, us, rb_to_array(cdp_users(rule, at)), ARRAY(SELECT cdp_match(name, rule, at) FROM unnest(ARRAY[{names}]) WITH ORDINALITY AS a (name, o) ORDER BY o))'
            f' FROM (VALUES {values}) AS v (n, rule, at, us);')
        if len(answers) != len(rules) * len(instants):
            raise Refused(f'{len(answers)} answers')
        for n, us, users, matches in answers:
            rule, us = rules[int(n)][0], int(us)
            expected, users = self.expected(rule, us), set(map(int, users))
            matched = {person.number for person, truth in zip(self.people, matches) if truth}
            for kind, found in (('users', users), ('match', matched)):
                self.compared[kind] += len(self.people)
                if found != expected:
                    self.tell(kind, rule=text_of_rule(rule), at=text_of(us), clock=text_of(step.clock), missing=self.describe(expected - found),
                              invented=self.describe(found - expected), cdp_users=sorted(users), cdp_match=sorted(matched), evaluator=sorted(expected))

    def explain(self, step, rng):
        """cdp_explain of single conditions: their truth, and the instant at which time alone changes it next."""
        conditions = [part for rule in [*self.rules, *self.segments.values()] for part in conditions_of(rule) if self.can_ask(part, self.segments)]
        if not conditions or not self.people:
            return
        conditions = rng.sample(conditions, min(len(conditions), 3))
        names = ', '.join(quoted(rng.choice(sorted(person.ids))) for person in self.people)
        values = ', '.join(f'({n}, {rule_sql(rule)})' for n, rule in enumerate(conditions))
        answers = self.database.ask(
            f"SELECT json_build_array(n, o, e -> 'truth', {us_of(VALID_UNTIL)}, e) FROM (VALUES {values}) AS v (n, rule)"
            f', unnest(ARRAY[{names}]) WITH ORDINALITY AS a (name, o), cdp_explain(name, rule, {time_sql(step.clock)}) AS e;')
        for n, number, truth, until, whole in answers:
            rule, person, until = conditions[int(n)], self.people[int(number) - 1], until if until is None else int(until)
            expected = self.truth(rule, person, step.clock)
            end = until or step.clock + 100 * DAY
            instants = {event.ts + evaluator.duration(text) + away for event in person.events[-8:] for text in lengths_of(rule) for away in (0, 1)}
            instants |= {end - 1, rng.randrange(step.clock, end)} | {rng.randrange(step.clock, step.clock + 2 * DAY)}
            other = next((us for us in sorted(instants) if step.clock <= us < end and self.truth(rule, person, us) != expected), None)
            is_exact = until is None or 'in_segment' in rule or self.truth(rule, person, until) != expected
            self.compared['explain'] += 1
            if truth != expected or other is not None or not is_exact:
                self.tell('explain', rule=text_of_rule(rule), at=text_of(step.clock), person=f'{person.number} {sorted(person.ids)}', truth=truth, expected=expected,
                          valid_until=until and text_of(until), differs_at=other and text_of(other), changes_there=is_exact,
                          events=[(text_of(event.ts), event.name) for event in person.events if event.ts > step.clock - 40 * DAY])

    def check_members(self, kind, snapshot, clock):
        for name, rule in self.segments.items():
            expected, found = self.expected(rule, clock), set(map(int, snapshot['members'][name]))
            self.compared[kind] += len(self.people)
            if found != expected:
                self.tell(kind, segment=name, rule=text_of_rule(rule), at=text_of(clock), missing=self.describe(expected - found),
                          invented=self.describe(found - expected), others={name: text_of_rule(self.segments[name]) for name in names_of_segments(rule)})

    def refresh(self, step, last_change):
        if self.segments:
            lines = ''.join(f'SELECT cdp_refresh_segment({quoted(name)});\n' for name in self.segments)
            snapshot, = self.database.ask(f'\\o /dev/null\n{lines}\\o\n{SNAPSHOT}')
            self.check_members('refresh', snapshot, step.clock)
            if snapshot['last_change'] != last_change:
                self.tell('refresh', fault='computing anew the same members records changes', clock=text_of(step.clock))

    def forget(self, name):
        person = self.state.forget(name)
        answer = self.database.run(f'SELECT cdp_forget({quoted(name)});')
        if answer != ['f' if person is None else 't']:
            self.tell('state', forgotten=name, answer=answer)
        if person is not None:
            self.people.remove(person)


def main():
    here = pathlib.Path(__file__).parent
    arguments = argparse.ArgumentParser()
    arguments.add_argument('--seeds', type=int, default=100, help='so many seeds')
    arguments.add_argument('--first', type=int, default=1, help='from this one on')
    arguments.add_argument('--seed', type=int, nargs='*', help='only these')
    arguments.add_argument('--seconds', type=float, default=1e9, help='begin none after so long')
    options = arguments.parse_args()
    failures = [int(line.split()[0]) for line in (here / 'failures.txt').read_text().splitlines() if line and not line.startswith('#')]
    seeds = options.seed or failures + list(range(options.first, options.first + options.seeds))
    run = Run(Database())
    begin = time.monotonic()
    for number, seed in enumerate(seeds):
        if time.monotonic() - begin > options.seconds and number >= len(failures):
            break
        try:
            run.run(seed)
        except Lost as error:
            print(f'# seed {seed}: {error}')
            sys.exit(2)
    asked = sum(run.truths.values()) or 1
    print(f'# {run.cases} seeds, {time.monotonic() - begin:.1f} s; a rule holds for somebody in {100 * run.truths[1] // asked} % of questions')
    if run.failed:
        print('# seeds with differences:', *run.failed)
    for kind in KINDS:
        print(f'# {kind}: {run.compared[kind]} comparisons, {run.different[kind]} differences')
    sys.exit(1 if run.failed else 0)


if __name__ == '__main__':
    main()
