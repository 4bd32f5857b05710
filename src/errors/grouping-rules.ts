import type { Actor } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import type { Queryable } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import { defaultRules, type GroupingRules, rulesWith } from './grouping/algorithm.ts';
import { parseFingerprintRules } from './grouping/fingerprint-rules/parse.ts';
import { parseStackRules } from './grouping/stack-rules/parse.ts';

/** A project's own rules as it wrote them. */
export interface WrittenRules {
  stackRules: string;
  fingerprintRules: string;
}

export interface KeptRules extends WrittenRules {
  /** Unix ms; null when the project never had any. */
  changedAt: number | null;
  changedBy: string | null;
}

export async function readRules(db: Queryable, projectId: string): Promise<KeptRules> {
  const row = await db.first<KeptRules>(sql`
    select stack_rules as "stackRules", fingerprint_rules as "fingerprintRules",
      (extract(epoch from changed_at) * 1000)::float8 as "changedAt", changed_by as "changedBy"
    from errors_rules where project_id = ${projectId}`);
  return row ?? { stackRules: '', fingerprintRules: '', changedAt: null, changedBy: null };
}

/** Replaces a project's rules. Refuses texts with a line that cannot be read, naming the line. */
export async function writeRules(db: Queryable, projectId: string, written: WrittenRules, actor: Actor): Promise<void> {
  const problems = [
    ...parseStackRules(written.stackRules).problems.map((one) => ({ ...one, of: 'stack trace rules' })),
    ...parseFingerprintRules(written.fingerprintRules).problems.map((one) => ({ ...one, of: 'fingerprint rules' })),
  ];
  const [first] = problems;
  if (first) {
    throw new Fault('unprocessable', `Line ${first.line} of the ${first.of} cannot be read: ${first.message}`, {
      code: 'errors.bad-rules',
      hint: problems.length > 1 ? `${problems.length - 1} more lines have problems.` : undefined,
    });
  }
  await db.execute(sql`
    insert into errors_rules (project_id, stack_rules, fingerprint_rules, changed_at, changed_by)
    values (${projectId}, ${written.stackRules}, ${written.fingerprintRules}, now(), ${actor.name})
    on conflict (project_id) do update set stack_rules = excluded.stack_rules,
      fingerprint_rules = excluded.fingerprint_rules, changed_at = now(), changed_by = excluded.changed_by`);
}

/** Compiled rules by project; a change is noticed within `remembered` ms. */
export interface RuleBook {
  rulesOf(projectId: string): Promise<GroupingRules>;
  /** They were just changed here. */
  forget(projectId: string): void;
}

const remembered = 5000;

/** Compiling and the memory of what was matched are kept as long as the texts stay the same. */
export function createRuleBook(db: Queryable, now: () => number): RuleBook {
  const known = new Map<string, { until: number; text: string; rules: GroupingRules }>();
  return {
    async rulesOf(projectId) {
      const entry = known.get(projectId);
      if (entry && entry.until > now()) return entry.rules;
      const { stackRules, fingerprintRules } = await readRules(db, projectId);
      const text = `${stackRules}\u0000${fingerprintRules}`;
      const rules =
        entry?.text === text
          ? entry.rules
          : text === '\u0000'
            ? defaultRules
            : rulesWith(parseStackRules(stackRules).rules, parseFingerprintRules(fingerprintRules).rules);
      if (known.size > 1000) known.clear();
      known.set(projectId, { until: now() + remembered, text, rules });
      return rules;
    },
    forget(projectId) {
      known.delete(projectId);
    },
  };
}
