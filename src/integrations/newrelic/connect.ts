import { type AgentRun, runIdOf } from './agent-run.ts';

/** How often agents send their events (ms), and how many at most each time. */
const eventsEveryMs = 5000;
const harvestLimits = {
  analytic_event_data: 10_000,
  custom_event_data: 10_000,
  error_event_data: 1000,
  log_event_data: 10_000,
  span_event_data: 10_000,
};

/**
 * What an agent is told when it connects. Events come every 5 s instead of every minute, and up to 600 traced requests a minute
 * instead of 10: nothing is paid by volume here.
 */
export function connectAnswer(run: AgentRun): Record<string, unknown> {
  return {
    agent_run_id: runIdOf(run),
    account_id: '1',
    primary_application_id: '1',
    trusted_account_key: '1',
    entity_guid: Buffer.from(`1|APM|APPLICATION|${run.service}`).toString('base64'),
    product_level: 40,
    data_report_period: 60,
    apdex_t: 0.5,
    sampling_target: 600,
    sampling_target_period_in_seconds: 60,
    collect_traces: true,
    collect_errors: true,
    collect_analytics_events: true,
    collect_custom_events: true,
    collect_error_events: true,
    collect_span_events: true,
    event_harvest_config: { report_period_ms: eventsEveryMs, harvest_limits: harvestLimits },
    span_event_harvest_config: { report_period_ms: eventsEveryMs, harvest_limit: harvestLimits.span_event_data },
    max_payload_size_in_bytes: 1_000_000,
    encoding_key: '0000000000000000000000000000000000000000',
    cross_process_id: '1#1',
    request_headers_map: {},
    url_rules: [],
    metric_name_rules: [],
    transaction_name_rules: [],
    transaction_segment_terms: [],
    messages: [{ message: `Reporting to Millrace as "${run.service}"`, level: 'INFO' }],
  };
}
