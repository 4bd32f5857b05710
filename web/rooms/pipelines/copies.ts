/** Which copy of a job with `parallelism` this is, as `2/3`, counted from 1; nothing when there is only one. */
export const copyText = ({ nodeIndex, nodeTotal }: { nodeIndex: number; nodeTotal: number }): string =>
  nodeTotal > 1 ? `${nodeIndex + 1}/${nodeTotal}` : '';
