import { describe, expect, it } from 'vitest';
import { fillIn, readChosen, variablesOf, writeChosen } from './variables.ts';

const variables = variablesOf({
  variables: [
    {
      name: 'service',
      type: 'NRQL',
      title: 'Service',
      nrqlQuery: { accountIds: [1], query: 'SELECT uniques(service) FROM Transaction' },
      isMultiSelection: true,
      replacementStrategy: 'STRING',
      defaultValues: [{ value: { string: 'web' } }],
    },
    { name: 'status', type: 'ENUM', items: [{ title: 'fine', value: '200' }, { value: '500' }] },
    { name: 'by', type: 'STRING', replacementStrategy: 'IDENTIFIER' },
  ],
});

describe('variables of a dashboard', () => {
  it('are read from New Relic’s form', () => {
    expect(variables).toMatchObject([
      { kind: 'query', title: 'Service', multiple: true, defaults: ['web'], replacement: 'string' },
      { kind: 'choice', title: 'status', items: [{ label: 'fine' }, { label: '500' }], replacement: 'default' },
      { kind: 'text', replacement: 'identifier' },
    ]);
  });

  it.each([
    ['WHERE service IN ({{service}})', { service: ['a', "it's"] }, "WHERE service IN ('a', 'it\\'s')"],
    ['WHERE service = {{service}}', {}, "WHERE service = 'web'"],
    ["WHERE service LIKE '%{{service}}%'", { service: ["o'k"] }, "WHERE service LIKE '%o\\'k%'"],
    ['WHERE status = {{status}}', { status: ['200'] }, 'WHERE status = 200'],
    ['WHERE status LIKE {{status}}', {}, "WHERE status LIKE '%'"],
    ['FACET {{by}}', { by: ['host.name'] }, 'FACET host.name'],
    ['FACET {{ by }}', { by: ['a`b c'] }, 'FACET `a``b c`'],
    ["WHERE name = 'x\\'{{status}}' AND s = {{status}}", { status: ['7'] }, "WHERE name = 'x\\'7' AND s = 7"],
    ['WHERE x = {{unknown}}', {}, 'WHERE x = {{unknown}}'],
  ])('%s', (nrql, chosen, filled) => {
    expect(fillIn(nrql, variables, chosen as Record<string, string[]>)).toBe(filled);
  });

  it('stand in the address and come back', () => {
    for (const values of [['a'], ['a', 'b,c'], ['1', '2']]) {
      expect(readChosen({ 'var-x': writeChosen(values), since: '1h' })).toEqual({ x: values });
    }
    expect(writeChosen([])).toBeUndefined();
  });
});
