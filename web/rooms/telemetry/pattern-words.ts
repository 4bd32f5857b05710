/** The words of a template that every line of it has, as a search text: each stretch between what varies is a quoted phrase. */
export function withoutVariables(template: string): string {
  return template
    .split(/["']?<(?:id|time|mail|address|hex|text|number)>["']?/)
    .map((part) => part.trim().replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, ''))
    .filter((part) => part.length > 1)
    .map((part) => `"${part.replaceAll(/["\\]/g, '\\$&')}"`)
    .join(' ');
}
