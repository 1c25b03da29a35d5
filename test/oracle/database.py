"""One psql session that is asked for rows of JSON."""

import json
import subprocess
import tempfile
from fractions import Fraction

EXACT = {'parse_int': Fraction, 'parse_float': Fraction}


class Refused(Exception):
    """The database gave an error."""


def quoted(text):
    return 'NULL' if text is None else "'" + text.replace("'", "''") + "'"


class Lost(Exception):
    """The server is gone."""


class Database:
    """psql with the connection that PGHOST, PGPORT, PGUSER, PGDATABASE say."""

    def __init__(self):
        self.psql = subprocess.Popen(['psql', '-XqAt', '-v', 'VERBOSITY=verbose'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True, encoding='utf-8')
        self.file = tempfile.NamedTemporaryFile('w', suffix='.sql', encoding='utf-8')
        self.run("SET client_min_messages = warning; SET timezone = 'UTC'; SET synchronous_commit = off;")

    def run(self, script):
        """Runs statements; returns the lines they print. Raises Refused at an error, Lost if the server is gone."""
        if len(script) > 10_000:  # more than a pipe surely holds, where both sides might wait for the other one to read
            with open(self.file.name, 'w', encoding='utf-8') as file:
                file.write(script)
            script = f'\\i {self.file.name}'
        lines = []
        try:
            self.psql.stdin.write(f'{script}\n\\echo ---- done\n')
            self.psql.stdin.flush()
        except BrokenPipeError as error:
            raise Lost('the connection is lost') from error
        for line in self.psql.stdout:
            if line == '---- done\n':
                break
            lines.append(line.rstrip('\n'))
        else:
            raise Lost('\n'.join(lines) or 'the connection is lost')
        wrong = [line for line in lines if 'ERROR:' in line or 'FATAL:' in line]
        if wrong:
            raise Refused('\n'.join(lines))
        return lines

    def ask(self, script):
        """The JSON values that statements print, one a line; numbers are Fractions."""
        return [json.loads(line, **EXACT) for line in self.run(script) if line]
