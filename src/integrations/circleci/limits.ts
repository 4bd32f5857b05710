/** What one CircleCI file may cost before it is refused with a diagnostic. Counts are per file unless said otherwise. */
export const limits = {
  /** Bytes of the file itself, and of one orb. */
  fileBytes: 3_000_000,
  /** Nested maps and lists in the YAML. */
  yamlDepth: 250,
  /** Nodes after every alias and merge key is followed. */
  yamlNodes: 400_000,
  /** Problems reported at most; the rest is counted. */
  problems: 200,
  notes: 100,
  pipelineParameters: 100,
  /** Of what a trigger gives. */
  parameterNameCharacters: 128,
  parameterValueCharacters: 512,
  /** Copies of one job. */
  parallelism: 64,
  /** Commands that call commands, `when` inside `when`, steps parameters inside steps parameters. */
  stepDepth: 40,
  /** Steps of one job after expansion. */
  stepsPerJob: 1_000,
  /** Steps of the whole plan after expansion. */
  steps: 50_000,
  /** Items of step lists walked while expanding, commands and conditions included. */
  expansions: 200_000,
  /** Jobs of the whole plan after matrices are expanded. */
  jobs: 10_000,
  matrixCells: 1_024,
  /** Orbs that import orbs. */
  orbDepth: 8,
  orbs: 100,
  /** Logic statements inside logic statements; CircleCI's own limit. */
  conditionDepth: 100,
  expressionCharacters: 16_384,
  expressionDepth: 200,
  /** One regular expression of an expression. */
  patternCharacters: 256,
  /** One regular expression of a filter or a `matches` statement, and how long it may be tried by backtracking. */
  patternLength: 4_096,
  patternMs: 100,
  /** Characters one scalar may grow to by templating. */
  scalarCharacters: 1_000_000,
  /** Characters all templated scalars may grow to together. */
  templatedCharacters: 20_000_000,
  /** Different contexts of the whole file. */
  contexts: 100,
  serialGroupCharacters: 512,
} as const;
