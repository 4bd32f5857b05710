interface Schema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  format?: string;
  minimum?: number;
  maximum?: number;
  description?: string;
  default?: unknown;
}

interface Parameter {
  name: string;
  in: string;
  required: boolean;
  schema: Schema;
  description?: string;
}

interface OperationEntry {
  operationId: string;
  tags: string[];
  summary: string;
  'x-millrace-role': string;
  parameters: Parameter[];
  requestBody?: { content: { 'application/json': { schema: Schema } } };
  responses: Record<string, { content: Record<string, { schema: Schema }> }>;
}

interface Document {
  info: { title: string; version: string; description: string };
  tags: { name: string }[];
  paths: Record<string, Record<string, OperationEntry>>;
}

const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const maxDepth = 4;

/** A schema in the words of a reader: `string`, `"a" | "b"`, `Item[]`, or a nested list of fields. */
function describe(schema: Schema | undefined, depth = 0): string {
  if (!schema) return 'anything';
  if (schema.const !== undefined) return `<code>${escapeHtml(JSON.stringify(schema.const))}</code>`;
  if (schema.enum) return schema.enum.map((value) => `<code>${escapeHtml(JSON.stringify(value))}</code>`).join(' or ');
  const variants = schema.anyOf ?? schema.oneOf;
  if (variants) return variants.map((variant) => describe(variant, depth)).join(' or ');
  if (schema.type === 'array') return `list of ${describe(schema.items, depth)}`;
  if (schema.properties) {
    if (depth >= maxDepth) return 'object';
    const fields = Object.entries(schema.properties).map(([name, field]) => {
      const optional = schema.required?.includes(name) ? '' : ' <span class="muted">optional</span>';
      const note = field.description ? ` <span class="muted">${escapeHtml(field.description)}</span>` : '';
      return `<li><code>${escapeHtml(name)}</code>${optional} ${describe(field, depth + 1)}${note}</li>`;
    });
    return `object<ul>${fields.join('')}</ul>`;
  }
  if (typeof schema.additionalProperties === 'object') return `map of ${describe(schema.additionalProperties, depth)}`;
  const type = Array.isArray(schema.type) ? schema.type.join(' or ') : (schema.type ?? 'anything');
  const notes = [schema.format, ...limitsOf(schema)].filter((note) => note !== undefined);
  return `${escapeHtml(type)}${notes.length > 0 ? ` <span class="muted">${escapeHtml(notes.join(', '))}</span>` : ''}`;
}

function limitsOf({ minimum, maximum, default: usual }: Schema): string[] {
  const least = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? `from ${minimum}` : undefined;
  const most = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? `to ${maximum}` : undefined;
  const range = [least, most].filter((part) => part !== undefined).join(' ');
  return [...(range ? [range] : []), ...(usual === undefined ? [] : [`default ${JSON.stringify(usual)}`])];
}

function operationSection(method: string, path: string, operation: OperationEntry): string {
  const parameters = operation.parameters.map(
    (parameter) =>
      `<tr><td><code>${escapeHtml(parameter.name)}</code></td><td>${escapeHtml(parameter.in)}</td><td>${
        parameter.required ? 'required' : '<span class="muted">optional</span>'
      }</td><td>${describe(parameter.schema)} <span class="muted">${escapeHtml(
        parameter.description ?? parameter.schema.description ?? '',
      )}</span></td></tr>`,
  );
  const body = operation.requestBody?.content['application/json'].schema;
  const [status, answer] = Object.entries(operation.responses)[0]!;
  return `<details id="${escapeHtml(operation.operationId)}">
<summary><span class="method ${method}">${method.toUpperCase()}</span> <code>${escapeHtml(path)}</code>
<span class="what">${escapeHtml(operation.summary)}</span> <span class="role">${escapeHtml(operation['x-millrace-role'])}</span></summary>
${parameters.length > 0 ? `<h4>Parameters</h4><table>${parameters.join('')}</table>` : ''}
${body ? `<h4>Body</h4><div>${describe(body)}</div>` : ''}
<h4>Answer ${escapeHtml(status)}</h4><div>${describe(answer.content['application/json']?.schema)}</div>
</details>`;
}

const style = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; background: Canvas; color: CanvasText; }
body { max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { margin: 0 0 .25rem; } h2 { margin: 2.5rem 0 .5rem; text-transform: capitalize; } h4 { margin: 1rem 0 .25rem; }
code { font: 0.92em ui-monospace, monospace; overflow-wrap: anywhere; }
details { border-top: 1px solid color-mix(in srgb, currentColor 18%, transparent); padding: .55rem 0; }
summary { cursor: pointer; display: flex; gap: .75rem; flex-wrap: wrap; align-items: baseline; }
.method { font: 600 .8em ui-monospace, monospace; min-width: 4.2em; }
.what { flex: 1 1 14rem; } .role, .muted { color: color-mix(in srgb, currentColor 62%, transparent); font-size: .9em; }
table { border-collapse: collapse; width: 100%; } td { padding: .25rem .75rem .25rem 0; vertical-align: top; }
td:first-child { white-space: nowrap; }
ul { margin: .25rem 0; padding-left: 1.25rem; }
@media (max-width: 40rem) {
  td { display: inline-block; padding-bottom: 0; } td:last-child { display: block; padding: 0 0 .5rem 1.25rem; }
}
nav { display: flex; gap: 1rem; flex-wrap: wrap; margin-top: 1rem; }
`;

/** The API document as a page for people: plain HTML, no script, readable without a network. */
export function apiPageOf(openApi: Record<string, unknown>): string {
  const document = openApi as unknown as Document;
  const sections = document.tags.map(({ name }) => {
    const entries = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, operation]) => operation.tags.includes(name))
        .map(([method, operation]) => operationSection(method, path, operation)),
    );
    return `<h2 id="${escapeHtml(name)}">${escapeHtml(name)}</h2>${entries.join('')}`;
  });
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API · Millrace</title><style>${style}</style></head><body>
<h1>${escapeHtml(document.info.title)}</h1>
<p>${escapeHtml(document.info.description)} Version ${escapeHtml(document.info.version)}.
The same as an <a href="/api/v1/openapi.json">OpenAPI 3.1 document</a>.</p>
<p>Send an API token as <code>Authorization: Bearer …</code>. Refusals are <code>application/problem+json</code> with a stable
<code>code</code>. The word at the right of each operation is the least role that may call it.</p>
<nav>${document.tags.map(({ name }) => `<a href="#${escapeHtml(name)}">${escapeHtml(name)}</a>`).join('')}</nav>
${sections.join('')}</body></html>`;
}
