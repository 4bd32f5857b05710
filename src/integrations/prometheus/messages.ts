import type { Field, MessageType } from '../../platform/protobuf/protobuf.ts';

const one = (name: string, type: Field['type']): Field => ({ name, type });
const many = (name: string, type: Field['type']): Field => ({ name, type, repeated: true });

const labelFields = { 1: one('name', 'string'), 2: one('value', 'string') };
export const label: MessageType = () => labelFields;
const sampleFields = { 1: one('value', 'double'), 2: one('timestamp', 'int') };
const sample: MessageType = () => sampleFields;
// The same labels come again and again, so they are only read where they are new.
const seriesFields = { 1: many('labels', 'raw'), 2: many('samples', sample) };
const series: MessageType = () => seriesFields;
const metadata: MessageType = () => ({
  1: one('type', 'uint'),
  2: one('metricFamilyName', 'string'),
  5: one('unit', 'string'),
});

/** `prometheus.WriteRequest`, version 1 (https://prometheus.io/docs/specs/prw/remote_write_spec/). */
export const writeRequest: MessageType = () => ({ 1: many('timeseries', series), 3: many('metadata', metadata) });

const sampleV2: MessageType = () => ({ 1: one('value', 'double'), 2: one('timestamp', 'int') });
const metadataV2: MessageType = () => ({ 1: one('type', 'uint'), 4: one('unitRef', 'uint') });
const seriesV2: MessageType = () => ({
  1: many('labelsRefs', 'uint'),
  2: many('samples', sampleV2),
  5: one('metadata', metadataV2),
});

/** `io.prometheus.write.v2.Request` (https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/): labels refer to a table of texts. */
export const writeRequestV2: MessageType = () => ({ 4: many('symbols', 'string'), 5: many('timeseries', seriesV2) });
