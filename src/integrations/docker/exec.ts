import type { Duplex } from 'node:stream';
import type { DockerEngine } from './client.ts';

/** Runs a command inside a container and says whether it ended with 0 in time. Never rejects. */
export async function execIn(
  docker: DockerEngine,
  container: string,
  argv: string[],
  timeoutMs: number,
): Promise<{ healthy: boolean; detail: string }> {
  let stream: Duplex | undefined;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), timeoutMs);
  });
  const work = async (): Promise<{ healthy: boolean; detail: string }> => {
    const exec = await docker.getContainer(container).exec({ Cmd: argv, AttachStdout: true, AttachStderr: true });
    stream = await exec.start({ hijack: true, stdin: false });
    let output = '';
    for await (const chunk of stream) {
      // Frames of 8 bytes of header and text; enough of it for a line that says what is wrong.
      if (output.length < 500) output += (chunk as Buffer).subarray(8).toString('utf8');
    }
    const { ExitCode } = await exec.inspect();
    if (ExitCode === 0) return { healthy: true, detail: 'its check command succeeds' };
    const words = output.trim().slice(0, 200);
    return { healthy: false, detail: `its check command ended with ${ExitCode}${words === '' ? '' : `: ${words}`}` };
  };
  try {
    const outcome = await Promise.race([work(), late]);
    if (outcome !== 'late') return outcome;
    return { healthy: false, detail: `its check command took longer than ${timeoutMs} ms` };
  } catch (error) {
    return { healthy: false, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
    stream?.destroy();
  }
}
