/** The errors that a caller catches by class, and what any error says. Everything else is a built-in class. */

/** A configuration or filter file that cannot be used. Line and column count from 1; both are 0 where no place is known. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** What to write instead; empty where there is nothing to say. */
  readonly hint: string;

  constructor(
    problem: string,
    place: { file: string; line: number; column: number },
    hint = '',
    options?: ErrorOptions,
  ) {
    super(problem, options);
    this.file = place.file;
    this.line = place.line;
    this.column = place.column;
    this.hint = hint;
  }
}

/** Everything that is wrong with one configuration file, in the order of its lines; there is at least one error. */
export class ConfigErrors extends AggregateError {
  override readonly name = 'ConfigErrors';
  declare readonly errors: ConfigError[];

  constructor(errors: readonly ConfigError[], options?: ErrorOptions) {
    const [first] = errors;
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    super(errors, `${first?.message ?? 'The configuration cannot be used'}${more}`, options);
  }
}

/** An enforcer that could not carry out what it was told: the command that it ran and what that said. */
export class EnforceError extends Error {
  override readonly name = 'EnforceError';
  readonly argv: readonly string[];
  readonly stderr: string;

  constructor(message: string, argv: readonly string[], stderr: string, options?: ErrorOptions) {
    super(message, options);
    this.argv = argv;
    this.stderr = stderr;
  }
}

/** What is wrong, for people; anything can be thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
