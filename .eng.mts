import { readFileSync } from 'node:fs';
const R='/work/wt/telemetry/';
const { parse } = await import(R+'src/telemetry/nrql/parser.ts');
const { compileQuery } = await import(R+'src/telemetry/nrql/compile.ts');
const { NrqlError } = await import(R+'src/telemetry/nrql/problems.ts');
const { SeenCatalogue } = await import(R+'src/telemetry/catalogue.ts');
const { FrameEncoder } = await import(R+'src/telemetry/frames.ts');
const { openStore } = await import(R+'src/telemetry/store.ts');
const { testClickHouse } = await import(R+'test/harness/clickhouse.ts');
const ch = await testClickHouse();
const store = openStore(ch.url);
try {
await store.migrate();
const cat = new SeenCatalogue();
const enc = new FrameEncoder(cat);
const now = Date.now();
const recs:any[]=[];
for (let i=0;i<2000;i++) recs.push({type:i%3?'Transaction':'Log',timestamp:now-i*1000,projectId:'p1',attributes:{service:'shop',name:'GET /'+i%5,duration:i/1000,error:i%7===0,message:'hello world '+i,user:'u'+i%10,age:i%50,vip:i%2===0,level:'info'}});
recs.push({type:'Metric',timestamp:now-5000,projectId:'p1',attributes:{metricName:'cpu.load',count:1,total:3,min:3,max:3,latest:3,pod:'a'}});
const t0=Date.now();
const frame = enc.encode(recs, now, (r:any,why:string)=>console.log(why));
console.log('encode', Date.now()-t0,'ms', frame.length);
console.log(await store.insert([frame],'tok1').then((r:any)=>r.rows)); console.log(await store.insert([frame],'tok1').then((r:any)=>r.rows));
const ask = async (q:string)=>{ const c=compileQuery(parse(q),{scope:{projectId:'p1'},catalogue:cat,now:now+1}); try { const r=await store.select(c.main); console.log(q,'\n  =>',JSON.stringify(r.rows.slice(0,4)).slice(0,600)); if(c.compare) console.log('  cmp',JSON.stringify((await store.select(c.compare)).rows.slice(0,3)));} catch(e:any){ console.log(q,'\n  !!',c.main.sql,'\n  ', e.message.slice(0,600)); } };
for (const q of process.argv[2]==='corpus'?[]:[
 'SELECT count(*) FROM Transaction','SELECT count(*), average(duration), sum(duration), min(duration), max(duration), median(duration), percentile(duration,50,95), stddev(duration) FROM Transaction SINCE 1 day ago',
 'SELECT count(*) FROM Transaction FACET name','SELECT count(*) FROM Transaction, Log FACET eventType()','SELECT average(duration) FROM Transaction FACET name TIMESERIES 10 minutes LIMIT 2',
 'SELECT count(*) FROM Transaction TIMESERIES 5 minutes SLIDE BY 1 minute','SELECT percentage(count(*), WHERE error IS true) FROM Transaction < 1','SELECT uniqueCount(user), uniques(user,3), latest(user), earliest(user) FROM Transaction',
 'SELECT rate(count(*), 1 minute), filter(count(*), WHERE name LIKE "%1") FROM Transaction','SELECT histogram(duration, 2, 10) FROM Transaction','SELECT apdex(duration, 0.5) FROM Transaction','SELECT * FROM Log LIMIT 2','SELECT name, user, age*2 FROM Transaction WHERE vip IS true LIMIT 3',
 "SELECT count(*) FROM Transaction FACET CASES(WHERE duration < 1 AS 'fast', WHERE duration >= 1 AS 'slow')","SELECT count(*) FROM Log WHERE message LIKE '%world 1%'","SELECT count(*) FROM Log WHERE message RLIKE r'.*world 1\\d'",
 "SELECT count(*) FROM Transaction SINCE 10 minutes ago COMPARE WITH 10 minutes ago","SELECT count(*) FROM Transaction FACET name SINCE 10 minutes ago COMPARE WITH 10 minutes ago",
 "SELECT average(cpu.load), latest(cpu.load), sum(cpu.load), percentile(cpu.load,95) FROM Metric FACET pod","SELECT max(a) FROM (SELECT average(duration) AS a FROM Transaction FACET name)","SELECT count(*) FROM Transaction WHERE name IN (SELECT uniques(name) FROM Transaction WHERE age > 40)",
 "SELECT concat(name,'-',user), lower(name), substring(name,0,3), hourOf(timestamp), dateOf(timestamp), toDatetime(timestamp,'MM-dd-yyyy HH:mm'), round(duration,0.1), capture(name, r'GET /(?P<n>.*)'), aparse(name,'GET *'), if(vip,'y','n'), name OR 'x', jparse('{\"a\":1}','a'), cidrAddress('10.1.2.3',8) FROM Transaction LIMIT 1",
 "SELECT cdfPercentage(duration,0.5,1), derivative(duration, 1 minute), predictLinear(duration, 1 minute), keyset(), cardinality() FROM Transaction","SHOW EVENT TYPES","WITH duration*1000 AS ms SELECT average(ms), latest(ms) FROM Transaction","SELECT count(*) FROM Transaction WHERE age NOT IN (1,2,3) AND user IN ('u1','u2') AND NOT vip",
 "SELECT count(*) FROM Transaction FACET weekdayOf(timestamp), buckets(duration, 2, 4) LIMIT 3", "SELECT latest(if(vip,'True','False')) FROM Transaction FACET tuple(name, user) LIMIT 2", "SELECT count(*) FROM Transaction FACET vip", "SELECT count(*) FROM Transaction WHERE error IS NOT TRUE", "SELECT count(*) FROM Transaction FACET name ORDER BY average(duration) LIMIT 2", "SELECT duration FROM Transaction ORDER BY duration DESC LIMIT 2","SELECT count(user) FROM Transaction WHERE user = 5","SELECT mod(age, 7), clamp_max(age,3), pow(age,2), numeric('12'), boolean('true'), string(age), position(name,'/') , encode(name,'base64') FROM Transaction LIMIT 1",
]) await ask(q);
if (process.argv[2]==='corpus') {
 let ok=0, refused:any={}, engine:any={}, n=0; const seenShape=new Set();
 for (const line of readFileSync('/work/shared/conformance/nrql/queries.jsonl','utf8').trim().split('\n')) {
  const q=JSON.parse(line); n++;
  const text=q.query.replace(/'\{\{\{?[^}]*\}\}\}?'/g,"'x'");
  let c; try { c=compileQuery(parse(text),{scope:{projectId:'p1'},catalogue:cat,now}); } catch(e:any) { if(!(e instanceof NrqlError)) {console.log(text); throw e;} (refused[e.message]??=[]).push(text.slice(0,300)); continue; }
  try { await store.select(c.main); if(c.compare) await store.select(c.compare); ok++; } catch(e:any) { (engine[e.message.slice(0,100)]??=[]).push([e.message.slice(0,400), text.slice(0,400), c.main.sql.slice(0,1500)]); }
 }
 console.log(ok,'of',n);
 for (const [k,v] of Object.entries(refused) as any) console.log('REFUSED',v.length,k,'\n     ',v[0]);
 for (const [k,v] of Object.entries(engine) as any) console.log('ENGINE',v.length,k,'\n     ',v[0].join('\n      '));
}
} finally { await store.close(); await ch.close(); }
process.exit(0);
