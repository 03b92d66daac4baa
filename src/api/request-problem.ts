/** What is wrong with a request, as a sentence that names the field: the schemas themselves only say where and which kind. */

/** As much as is used here of what the schema library reports. */
interface Issue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly expected?: unknown;
  readonly keys?: readonly string[];
  readonly maximum?: number | bigint;
  readonly minimum?: number | bigint;
}

/** @param body the request, to tell what was found. */
export function describeIssue(issue: Issue | undefined, body: unknown): string {
  if (body === undefined || body === null || typeof body !== 'object' || Array.isArray(body))
    return `Cannot use this request: its body is ${nameOf(body)}, expected a JSON object`;
  if (issue === undefined) return 'Cannot use this request';
  if (issue.code === 'unrecognized_keys')
    return `Cannot use this request: there is no field ${(issue.keys ?? []).map((key) => JSON.stringify(key)).join(', ')}`;
  if (issue.code === 'invalid_union' && issue.path.length === 0)
    return 'Cannot use this request: expected either "subject", or "all" with the value true';
  const found = valueAt(body, issue.path);
  const field = `Cannot use the field ${JSON.stringify(issue.path.map(String).join('.'))}`;
  if (found === undefined) return `${field}: it is missing, expected ${expectation(issue)}`;
  return `${field}: it is ${nameOf(found)}, expected ${expectation(issue)}`;
}

function expectation({ code, expected, maximum, minimum, message }: Issue): string {
  if (code === 'too_big') return `at most ${String(maximum)}`;
  if (code === 'too_small') return `at least ${String(minimum)}`;
  if (code === 'invalid_type') return expected === 'int' ? 'a whole number' : `a value of type ${String(expected)}`;
  return message;
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  let value = body;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

function nameOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string')
    return value.length > 60 ? `a string of ${value.length} characters` : JSON.stringify(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
