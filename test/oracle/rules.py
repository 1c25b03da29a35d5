"""Random rules over the whole grammar, in JSON, about the names and values of world.py."""

from world import DAY, LENGTHS, MINUTE, PROPERTIES, TRAITS, ZONE_TRAITS, chance, length, number, scalar, text, text_of

ORDER = ['=', '<>', '<', '<=', '>', '>=']
TRAIT_NAMES = [name for name in TRAITS if name not in ZONE_TRAITS]


class Rules:
    """Rules by a generator of chance. `moments`: instants at which something happens; `names`: segments that rules may name."""

    def __init__(self, rng, moments, names):
        self.rng, self.moments, self.names = rng, moments, names

    # ---- Times -----------------------------------------------------------------------------------------------

    def length(self):
        return self.rng.choice(LENGTHS)

    def time(self):
        us = self.rng.choice(self.moments) + self.rng.choice([0, 0, 0, 0, -1, 1, MINUTE, -DAY, DAY])
        return text_of(us) if us % 1_000_000 or chance(self.rng, 0.8) else text_of(us)[:19] + self.rng.choice(['Z', '+00:00'])

    def two_times(self):
        return sorted([self.time(), self.time()], key=lambda value: value[:19] + (value[19:] if value[19] == '.' else '.000000Z'))

    def window(self):
        """Members that say in which window, mostly none or the last so long."""
        what = self.rng.random()
        if what < 0.3:
            return {}
        if what < 0.62:
            return {'last': self.length()}
        if what < 0.7:
            first, second = length(self.rng), length(self.rng)
            if first == second:
                return {'between_ago': ['7 days', '1 day']}
            return {'between_ago': [f'{max(first, second) // 1_000_000} seconds', f'{min(first, second) // 1_000_000} seconds']}
        if what < 0.78:
            return {'more_than_ago': self.length()}
        if what < 0.83:
            return {'since': self.time()}
        if what < 0.88:
            return {'before': self.time()}
        if what < 0.93:
            return {'between': self.two_times()}
        return {'calendar': self.rng.choice(['today', 'this week', 'this month'])}

    # ---- Tests -----------------------------------------------------------------------------------------------

    def literal(self):
        return scalar(self.rng) if chance(self.rng, 0.6) else self.rng.choice([number, text])(self.rng)

    def likely(self, name, makers):
        """A literal that the trait or property of this name may well have."""
        value = makers[name](self.rng, self.rng.choice(self.moments)) if makers is TRAITS else makers[name](self.rng)
        while isinstance(value, (list, dict)):
            inner = list(value.values()) if isinstance(value, dict) else value
            value = self.rng.choice(inner) if inner else self.literal()
        return value if value is not None or chance(self.rng, 0.1) else self.literal()

    def test(self, of):
        """op and value; `of` makes literals."""
        op = self.rng.choice(ORDER * 2 + ['between', 'not between', 'in', 'in', 'not in', 'like', 'not like', 'ilike', 'not ilike', 'contains',
                                          'not contains', 'is null', 'is not null', 'matches', 'not matches'])
        if op in ('is null', 'is not null'):
            return {'op': op}
        if op.endswith('between'):
            return {'op': op, 'value': sorted([of(), of()], key=lambda value: (str(type(value)), value if value is not None else 0))}
        if op in ('in', 'not in'):
            return {'op': op, 'value': [of() for _ in range(self.rng.randrange(1, 4))]}
        if op.endswith('ilike') and chance(self.rng, 0.5):
            return {'op': op, 'value': self.rng.choice(['åSE%', 'Å%', 'δε', 'źĆ', 'жУ%', '%УК', '%example.COM', 'bob%', 'PRO'])}
        if op.endswith('like'):
            return {'op': op, 'value': self.rng.choice(['%', 'p%', '%o', '%e%', 'Osl_', '_', '50\\%', 'å%', '%EXAMPLE.com', 'a\\_b', '/product/%', '%r%o%', 'δ_', '%\\\\%', ''])}
        if op.endswith('matches'):
            return {'op': op, 'value': self.rng.choice(['^[a-z]+@', 'e', '^pro$', '[0-9]+$', '(pro|free)', '^/product/[12]$', 'x{2}', '^.s', ''])}
        return {'op': op, 'value': of()}

    def number_test(self, of):
        op = self.rng.choice(ORDER + ['>=', '>', '<', 'between', 'not between', 'in', 'not in'])
        if op.endswith('between'):
            return {'op': op, 'value': sorted([of(), of()])}
        if op in ('in', 'not in'):
            return {'op': op, 'value': [of() for _ in range(self.rng.randrange(1, 4))]}
        return {'op': op, 'value': of()}

    def small(self):
        return self.rng.choice([0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 8, 1.5, 0.5, 2.0, -1, 12345678901234567890])

    def amount(self):
        return self.rng.choice([0, 1, 2, 3, 5, 7.5, 9.99, 10, 20, 20.0, 40, 100, -1, 1.1])

    # ---- Traits ------------------------------------------------------------------------------------------------

    def trait_path(self):
        name = self.rng.choice(TRAIT_NAMES)
        if name == 'address' and chance(self.rng, 0.8):
            return name, self.rng.choice([['address', 'city'], ['address', 'zip', 'code'], ['address', 'nothing', 'there']])
        return name, [name]

    def trait(self):
        name, path = self.trait_path()
        if name == 'renewal' and chance(self.rng, 0.7):
            op = self.rng.choice(['in last', 'in next', 'more than ago', 'before', 'after'])
            return {'trait': path, 'op': op, 'value': self.time() if op in ('before', 'after') else self.length()}
        return {'trait': path, **self.test(lambda: self.likely(name, TRAITS) if chance(self.rng, 0.85) else self.literal())}

    def held(self):
        rule = self.trait()
        while rule['op'] == 'is null':
            rule = self.trait()
        return {'held': rule, 'for': self.length()}

    # ---- Events --------------------------------------------------------------------------------------------------

    def value_path(self):
        """A property or a value of the context, and what makes literals for it."""
        what = self.rng.random()
        if what < 0.2:
            return self.rng.choice([({'context': ['app', 'name']}, lambda: self.rng.choice(['ios', 'web'])),
                                    ({'context': ['app', 'build']}, lambda: self.rng.choice([1, 2])),
                                    ({'context': ['app']}, self.literal)])
        if what < 0.35:
            return {'property': ['item', 'color']}, lambda: self.rng.choice(['red', 'blue'])
        if what < 0.45:
            return {'property': ['item', 'price']}, self.amount
        name = self.rng.choice(list(PROPERTIES))
        return {'property': [name]}, lambda: self.likely(name, PROPERTIES)

    def clause(self, depth):
        what = self.rng.random()
        if depth > 0 and what < 0.3:
            return {self.rng.choice(['and', 'or']): [self.clause(depth - 1) for _ in range(self.rng.randrange(2, 4))]}
        if depth > 0 and what < 0.4:
            return {'not': self.clause(depth - 1)}
        if what > 0.98:
            return chance(self.rng, 0.5)
        path, of = self.value_path()
        test = self.test(of)
        return {**path, **test}

    def filter(self):
        made = {'any': True} if chance(self.rng, 0.15) else {'event': self.rng.choice(['view', 'view', 'cart', 'purchase', 'App Launch', 'login', 'unheard of'])}
        if chance(self.rng, 0.3):
            made['where'] = self.clause(2)
        return made

    def aggregate(self, functions=('count', 'sum', 'avg', 'min', 'max', 'distinct', 'days')):
        """The function and its specification."""
        function = self.rng.choice(functions)
        spec = {**self.filter(), **self.window()}
        if function in ('count', 'days'):
            return function, spec
        if function == 'distinct':
            return function, {**spec, **self.value_path()[0]}
        return function, {**spec, 'property': self.rng.choice([['amount'], ['amount'], ['qty'], ['item', 'price'], ['url']])}

    def aggregate_rule(self):
        function, spec = self.aggregate()
        of = self.small if function in ('count', 'distinct', 'days') else self.amount
        return {function: spec, **self.number_test(of)}

    def did(self):
        return {'did': {**self.filter(), **self.window()}}

    def moment(self):
        op = self.rng.choice(['in last', 'in last', 'in last', 'before', 'after', 'between', 'more than ago', 'since', 'between ago', 'calendar'])
        if op in ('between ago', 'calendar'):
            name, window = op.replace(' ', '_'), {}
            while name not in window:
                window = self.window()
            value = window[name]
        else:
            value = self.two_times() if op == 'between' else self.time() if op in ('before', 'after', 'since') else self.length()
        return {self.rng.choice(['first', 'last']): self.filter(), 'op': op, 'value': value}

    def sequence(self):
        steps = [self.filter() for _ in range(self.rng.choice([2, 2, 2, 3, 3, 4]))]
        if chance(self.rng, 0.35):
            for step in steps[1:]:
                if chance(self.rng, 0.6):
                    step['gap'] = self.length()
        within = {'within': self.length()} if chance(self.rng, 0.6) else {}
        return {'sequence': {'steps': steps, **within, **self.window()}}

    def abandoned(self):
        return {'abandoned': {'first': self.filter(), 'then': self.filter(), 'within': self.length(), **self.window()}}

    def most(self):
        path, of = self.value_path()
        return {'most': {**self.filter(), **path, **self.window()}, **self.test(of)}

    def sessions(self):
        return {'sessions': self.window(), **self.number_test(self.small)}

    def within(self):
        distance = self.rng.choice(['100 feet', '1 foot', '50 meters', '1 kilometer', '1 mile', '200 miles', '20000 kilometers', '1000 feet'])
        latitude, longitude = self.rng.choice([(59.91, 10.75), (59.91, 10.75), (60.39, 5.32), (-59.91, -179.99)])
        return {'within': {'distance': distance, 'latitude': latitude, 'longitude': longitude}}

    # ---- The present, numbers, sets ------------------------------------------------------------------------------

    def now(self):
        if chance(self.rng, 0.5):
            days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']
            return {'now': 'weekday', **self.rng.choice([{'op': 'in', 'value': self.rng.sample(days, 3)}, {'op': '=', 'value': self.rng.choice(days)},
                                                         {'op': 'not in', 'value': ['saturday', 'sunday']}, {'op': '<>', 'value': 'sunday'}])}
        low, high = sorted([self.rng.randrange(24), self.rng.randrange(24)])
        return {'now': 'hour', **self.rng.choice([{'op': 'between', 'value': [low, high]}, {'op': '>=', 'value': low}, {'op': '<', 'value': high},
                                                  {'op': 'in', 'value': [low, high]}, {'op': '<>', 'value': 2}])}

    def expression(self, depth):
        what = self.rng.random()
        if depth > 0 and what < 0.5:
            return {self.rng.choice('+-*/'): [self.expression(depth - 1), self.expression(depth - 1)]}
        if what < 0.62:
            return self.rng.choice([1, 2, 3, 0.5, 10, 20])
        if what < 0.8:
            return {'trait': [self.rng.choice(['age', 'balance', 'spent'])]}
        function, spec = self.aggregate()
        return {function: spec}

    def compare(self):
        left, right = self.expression(2), self.expression(1)
        while not isinstance(left, dict) or not set(left) & set('+-*/'):  # a single value belongs to the other forms
            left = self.expression(2)
        return {'compare': {'left': left, 'op': self.rng.choice(['=', '<>', '<', '<=', '>', '>=', '<', '>=']), 'right': right}}

    def in_segment(self):
        return {'in_segment': self.rng.choice(self.names)} if self.names else self.did()

    def sample(self):
        return {'sample': {'percent': self.rng.choice([0, 10, 33.3, 50, 90, 100]), 'seed': self.rng.choice(['s', 'other', ''])}}

    # ---- Rules -----------------------------------------------------------------------------------------------------

    def condition(self):
        return self.rng.choice([self.trait] * 5 + [self.did] * 3 + [self.aggregate_rule] * 7 + [self.moment] * 3 + [self.sequence] * 3
                               + [self.abandoned] * 3 + [self.in_segment] * 2 + [self.sample, self.held, self.most, self.sessions, self.within,
                                                                                 self.now, self.compare, self.compare])()

    def rule(self, depth):
        what = self.rng.random()
        if depth > 0 and what < 0.4:
            return {self.rng.choice(['and', 'or']): [self.rule(depth - 1) for _ in range(self.rng.choice([2, 2, 3]))]}
        if depth > 0 and what < 0.52:
            return {'not': self.rule(depth - 1)}
        if what > 0.99:
            return chance(self.rng, 0.5)
        return self.condition()


# ---- What a rule is made of --------------------------------------------------------------------------------------


def names_of_segments(rule):
    if isinstance(rule, list):
        return set().union(*map(names_of_segments, rule))
    if not isinstance(rule, dict):
        return set()
    return set().union(*map(names_of_segments, rule.values()), {rule['in_segment']} if 'in_segment' in rule else set())
