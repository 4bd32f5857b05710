import { readSettings, type SocketPort } from '../../app/index.ts';
import { probeAll } from '../doctor/probes.ts';
import { healthy, report } from '../doctor/report.ts';
import { exitCodes } from '../exit.ts';
import { openTerminal } from '../terminal.ts';

/** Prints what is here and what is missing. Exit code 1 when something is missing without which Millrace cannot run. */
export async function doctor(options: { json?: boolean }): Promise<number> {
  const terminal = openTerminal();
  const settings = readSettings(process.env);
  const socket = (at: SocketPort, on: boolean, name: string, setting: string) =>
    on && at.port !== undefined && at.port > 0 ? [{ number: at.port, name, setting, with: settings.port }] : [];
  const found = await probeAll({
    dataDir: settings.dataDir,
    databaseUrl: settings.databaseUrl,
    clickhouseUrl: settings.clickhouseUrl,
    ports: [
      { number: settings.port, name: 'the web pages and the API', setting: 'MILLRACE_PORT' },
      {
        number: settings.intakePort,
        name: 'errors and telemetry of deployed services',
        setting: 'MILLRACE_INTAKE_PORT',
      },
      { number: settings.tlsPort, name: 'the same over TLS', setting: 'MILLRACE_TLS_PORT' },
      { number: settings.gatewayPort, name: 'deployed applications', setting: 'MILLRACE_GATEWAY_PORT' },
      // The usual port of OpenTelemetry is left alone when another program has it, unless it was asked for.
      ...socket(
        settings.otlpGrpcPort,
        settings.otlpGrpcPort.chosen,
        'OpenTelemetry over gRPC',
        'MILLRACE_OTLP_GRPC_PORT',
      ),
      ...socket(settings.syslogPort, settings.syslogProject !== undefined, 'syslog', 'MILLRACE_SYSLOG_PORT'),
      ...socket(settings.fluentPort, settings.fluentProject !== undefined, 'Fluent forward', 'MILLRACE_FLUENT_PORT'),
    ],
  });
  if (options.json) terminal.print(JSON.stringify({ ok: healthy(found), findings: found }, null, 2));
  else for (const line of report(found, terminal)) terminal.print(line);
  return healthy(found) ? exitCodes.ok : exitCodes.failed;
}
