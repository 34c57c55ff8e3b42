-- The cases of vectors.tsv: settings, type, literals. Nothing here outlives the session.
set client_min_messages = warning;
create temp table cases (id serial, settings text, type text, literal text);

create function pg_temp.probe(settings text, type text, literal text, out code text, out printed text, out sent text)
language plpgsql as $$
declare
    pair text;
    value_sql text := format('%L::%s', literal, type);
begin
    reset all;
    perform set_config('timezone', 'UTC', false);
    if settings <> '-' then
        foreach pair in array string_to_array(settings, ';') loop
            perform set_config(split_part(pair, '=', 1), split_part(pair, '=', 2), false);
        end loop;
    end if;
    execute format('select format(''%%s'', %1$s), encode(%2$s(%1$s), ''hex'')', value_sql,
        (select typsend from pg_type where oid = type::regtype))
        into printed, sent;
    code := 'ok';
exception when others then
    code := sqlstate;
    printed := sqlerrm;
    sent := '';
end $$;

create procedure pg_temp.c(settings text, type text, variadic literals text[])
language sql as $$ insert into cases (settings, type, literal) select settings, type, unnest(literals) $$;

call pg_temp.c('-', 'bool', 't', 'f', ' TRUE ', 'fal', 'yes', 'n', 'on', 'of', '1', '0', 'o', '', 'maybe', '10', 'tru e');
call pg_temp.c('-', 'int2', '0', '-1', '32767', '-32768', '32768', '0x7fff', '1_000', '1__0', '_1', '');
call pg_temp.c('-', 'int4', '0', '1', '-1', ' 42 ', '+7', '2147483647', '-2147483648', '2147483648', '0x1F', '0b101', '0o17',
    '0x', '0b2', '1_2_3', '1_', '1.0', 'abc', '', ' ', '--1', '1 2', '99999999999999999999999999', '0x_1f', '- 1');
call pg_temp.c('-', 'int8', '9223372036854775807', '-9223372036854775808', '9223372036854775808', '123456789012', '-7', 'x');
call pg_temp.c('-', 'oid', '0', '26', '4294967295', '-1', '4294967296', 'x', '', '-2147483648', '-2147483649');
call pg_temp.c('-', 'float4', '0', '-0', '1', '1.5', '0.1', '3.4028235e38', '1e-45', '1e39', '1e-46', 'NaN', 'infinity', '-inf',
    '100000', '1e6', '1234567', '16777216', '33554432', '8388608', '0.0001', '0.00001', '1.17549435e-38', '5e9', 'x', '1e',
    '9.999999e5', '123456.7');
call pg_temp.c('-', 'float8', '0', '-0', '1', '-1.5', '0.1', '0.30000000000000004', '1e14', '1e15', '123456789012345680', '1e23',
    '5e-324', '2.2250738585072014e-308', '1.7976931348623157e308', '1e309', '-1e309', '1e-400', 'nan', 'Infinity', '-Infinity', '+inf',
    '0.0001', '0.00001', '9007199254740993', '.5', '5.', '.', '', ' 1 ', '1 1', '1d', '0e400', '4.35', '123.456', '1e22', '9.5e15',
    '2e16', '9007199254740992', '18014398509481984', '144115188075855870', '3.141592653589793', '100', '1e5', '99999999999999.9');
call pg_temp.c('extra_float_digits=0', 'float8', '0.1', '0.30000000000000004', '1e15', '123456789012345', '1e-5', '1e100', '2.5',
    '1234567.5', '999999999999999.9');
call pg_temp.c('extra_float_digits=0', 'float4', '0.1', '123456789', '1e-5', '2.5', '999999.9');
call pg_temp.c('extra_float_digits=-15', 'float8', '2.5', '3.5', '0.25', '999', '1e10');
call pg_temp.c('extra_float_digits=-10', 'float8', '3.14159265', '1234567', '0.000123456789');
call pg_temp.c('-', 'numeric', '0', '0.00', '-0.0', '1', '-1', '123.45', '-123.45', '0.05', '9999', '10000', '100000000', '1e3', '1e-3',
    '1.5e2', '1.5E-4', '0.0001', '0.00001', '99999999999999999999999999999999999999', '0.12345678901234567890123456789012345678',
    '123456789012345678901234567890123456789012345678901234567890.1234567890123456', '.5', '5.', '.', '', '1e', 'abc', ' 12 ', '1 2',
    '0x1f', '0xFFFFFFFFFFFFFFFFFFFFFFFF', '0b11', '1_000.5', '1__0', '1_.5', '1e1_0', '+4.20', '--1', '00001.10', '1.2.3', '0e5',
    '170141183460469231731687303715884105727', '-170141183460469231731687303715884105728', '1234.5678', '12345.67890', '0x',
    '3.40282366920938463463374607431768211456', '40000', '0.4000', '1000000000000000000000000000000000000000000000000000000000000');
call pg_temp.c('-', 'numeric(10,2)', '1.50', '-12345678.90');
call pg_temp.c('-', 'text', '', 'abc', ' a b ', 'ä€😀', E'tab\tnew\nline\\', '\x41');
call pg_temp.c('-', 'varchar', 'abc', '');
call pg_temp.c('-', 'bpchar', 'abc', 'a  ');
call pg_temp.c('-', 'name', 'abc', repeat('x', 80), repeat('é', 40));
call pg_temp.c('-', '"char"', '', 'a', 'abc', '\101', '\377', 'é', '\4', '\', '\200');
call pg_temp.c('-', 'bytea', '', 'abc', '\x', '\x0aFF', '\x 0a 1b', '\x0', '\xzz', 'a\\b', '\000\377', 'a\', '\8', 'ä', '\x0 a', '\xä');
call pg_temp.c('bytea_output=escape', 'bytea', '', 'abc', '\x00415cff7f20', 'a\\b''"');
call pg_temp.c('-', 'uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
    '{a0eebc999c0b4ef8bb6d6bb9bd380a11}', 'a0eebc999c0b4ef8bb6d6bb9bd380a11', 'a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11', 'a0eebc99',
    '', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11x', 'g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{a0eebc999c0b4ef8bb6d6bb9bd380a11',
    'a0-eebc999c0b4ef8bb6d6bb9bd380a11', 'a0eebc999c0b4ef8bb6d6bb9bd380a11-');
call pg_temp.c('-', 'json', '{}', '{"a": 1,  "b":[true,null]}', '[1,2', '', '{"a":}', '"\u00e4"', '"\ud800"', '01', '-', '1e5', '1.', 'tru',
    '{"a":1,}', '[1,]', '"a', '"\q"', ' 1 ', '1 2', '{1:2}', '"\u12"', '-0', '.5', 'nullx', E'"a\nb"');
call pg_temp.c('-', 'jsonb', '{}', '[]', '{"b":1,"a":2,"aa":3,"a":4}', '[1.0,1e2,1E-2,-0, 0.10]', '"\u00e4\n\t\"\\\/"', '"\u0000"', '"\ud83d\ude00"',
    '"\ud800"', '{"a":{"b":[1,{"c":null}]}}', ' true ', 'x', '{"":1}', '[[],[[]],{}]', '"\u001f\u007f"', '{"b":1,"c":2,"b":{}}', '1.50');
call pg_temp.c('-', 'date', '2026-11-22', '0001-01-01', '9999-12-31', '10000-01-01', '5874897-12-31', '5874898-01-01', '4714-11-24 BC',
    '4714-11-23 BC', '0044-03-15 BC', '0001-12-31 BC', 'infinity', '-infinity', 'epoch', '2026-02-29', '2024-02-29', '1900-02-29', '2000-02-29',
    '2026-13-01', '2026-00-10', '2026-01-00', '2026-01-32', '20261122', '261122', '2026.326', '2026326', 'Nov 22, 2026', '22 Nov 2026',
    'November 22 2026', '22-Nov-2026', '2026-Nov-22', 'Nov-22-2026', '11/22/2026', '22/11/2026', '11-22-2026', '11.22.2026', '1/2/03', '1/2/3',
    '99-01-02', '2026-11-22 10:20:30', '2026-11-22T10:20:30Z', '2026-11-22 10:20:30+02', 'abc', '', '2026', '2026-11', '1999-1-8', '0000-01-01',
    '0-01-01', 'Sunday 22 November 2026', '2026-11-22 AD', '2026-11-22 bc', '  2026-11-22  ', '2026/11/22', '2026-11-22 24:00', '2026-11-22 25:00',
    'J2451187', '1999.008', '19990108', '990108', '1999-008', 'January 8, 99 BC', 'infinity x', '2026-11-22-', '2026--11-22', '12345-06-07', '2026-11-22 x',
    '100-01-01', '08-Jan-99', 'Jan-08-99', '99-Jan-08', '99-Jan-1999', '2026-11-22 Foo/Bar', 'Sun 2026-11-22', 'J0', 'J', 'J2451187 BC', '2026-11-22 J1', 'julian 2451187', '2026-11-22 12:', '2026-11-22 12::30', '2026-11-22 PST', '99999999-01-01', '99999999999-01-01', '9999999-01-01 BC', 'J99999999999', '1999-01-08 00:00:00+99');
call pg_temp.c('datestyle=iso,dmy', 'date', '2026-11-22', '11/12/2026', '22/11/2026', '11/22/2026', '1/2/03', '99-Jan-08', '08-Jan-99', '8 Jan 99');
call pg_temp.c('datestyle=iso,ymd', 'date', '2026-11-22', '26/11/22', '11/22/2026', '99-01-08', '01-02-03', '99-Jan-08', '08-Jan-99', '08-Jan-1999');
call pg_temp.c('datestyle=sql,mdy', 'date', '2026-11-22', '0044-03-15 BC', '12345-06-07', 'infinity');
call pg_temp.c('datestyle=sql,dmy', 'date', '2026-11-22', '1/2/2003');
call pg_temp.c('datestyle=postgres,mdy', 'date', '2026-11-22', '0044-03-15 BC');
call pg_temp.c('datestyle=postgres,dmy', 'date', '2026-11-22');
call pg_temp.c('datestyle=german,dmy', 'date', '2026-11-22', '22.11.2026', '0044-03-15 BC');
call pg_temp.c('-', 'time', '00:00', '23:59:59.999999', '24:00', '24:00:01', '04:05:06.5', '04:05', '040506', '0405', '4:5:6', '04:05 AM', '04:05 PM',
    '12:00 AM', '12:00 PM', '13:00 PM', '04:05:06.789-8', '04:05:06 PST', '2026-11-22 04:05:06', '25:00', '12:60', '12:00:60', '12:00:61', 'x', '', '12',
    '12:', '12:00:00.1234567', '23:59:59.9999999', 'allballs', '040506.789', '04:05:06Z', '1:2:3.4.5', 'T04:05', 'T040506', '04:05:06.', 'noon', '12:30:', '20261122 04:05', '20261122 040506', '2026-11-22', '04:05 2026-11-22', '040506+02', '04:05 America/New_York', '2026-11-22 04:05 America/New_York', '1', '123', '12345', '1234567', '12.5', 'now x', 'infinity');
call pg_temp.c('-', 'timestamp', '2026-11-22 10:20:30', '2026-11-22 10:20:30.5', '2026-11-22 10:20:30.123456', '2026-11-22 10:20:30.1234567',
    '2026-11-22 10:20:30.000001', '2026-11-22', '2026-11-22 24:00', '1969-12-31 23:59:59.999999', '0001-01-01 00:00:00', '0044-03-15 12:00 BC',
    '4714-11-24 00:00:00 BC', '4714-11-23 23:59:59 BC', '9999-12-31 23:59:59.999999', '10000-01-01 00:00', '294246-12-31 23:59:59', '294277-01-01',
    'infinity', '-infinity', 'epoch', '2026-11-22T10:20:30', '2026-11-22T10:20:30Z', '2026-11-22 10:20:30+05', '20261122T102030', '20261122 102030',
    '20261122T102030.5', 'Nov 22 10:20:30 2026', 'Sun Nov 22 10:20:30 2026', 'Sun Nov 22 10:20:30.5 2026 UTC', '2026-11-22 10:20 PM', '2026-11-22 13:20 PM',
    '10:20:30 2026-11-22', 'January 8 04:05:06 1999 PST', '1999-01-08 04:05:06 -8:00', '2026-11-22 10:20:60', '2026-11-22 10:60', '2026-11-22 T10:20',
    '2026-11-22 10', '2026-11-22T10', '2026-11-22T10:20:30.123+02:00', 'abc', '', '10:20', '2026-02-30 00:00', '2026-11-22 10:20:30 Foo', '2026-11-22t10:20:30z',
    '2026-11-22 10:20:30 BC', '22/11/2026 10:20', '2026-11-22 10:20:30.9999999', '2026-11-22 at 10:20', '2026-11-22,10:20', '2026-11-22 102030', '2026-11-22 1020');
call pg_temp.c('datestyle=sql,mdy', 'timestamp', '2026-11-22 10:20:30.5', '0044-03-15 12:00 BC');
call pg_temp.c('datestyle=sql,dmy', 'timestamp', '2026-11-22 10:20:30.5', '22/11/2026 10:20');
call pg_temp.c('datestyle=postgres,mdy', 'timestamp', '2026-11-22 10:20:30.5', '0044-03-15 12:00 BC', '12345-01-01', 'infinity');
call pg_temp.c('datestyle=postgres,dmy', 'timestamp', '2026-11-22 10:20:30');
call pg_temp.c('datestyle=german,dmy', 'timestamp', '2026-11-22 10:20:30', '0044-03-15 12:00 BC');
call pg_temp.c('-', 'timestamptz', '2026-11-22 10:20:30', '2026-11-22 10:20:30+02', '2026-11-22 10:20:30-03:30', '2026-11-22 10:20:30.5 +0530',
    '2026-11-22 10:20:30 America/New_York', '2026-07-22 10:20:30 America/New_York', '2026-07-22 10:20:30 EST', '2026-07-22 10:20:30 PDT', '2026-07-22 10:20:30 Z',
    '2026-11-22 10:20:30 utc', '2026-11-22 10:20:30 europe/berlin', '2026-11-22 10:20:30+15:59', '2026-11-22 10:20:30+16', '2026-11-22 10:20:30+02:60', 'infinity',
    '-infinity', 'epoch', '2026-11-22', '2026-11-22 10:20:30 Foo/Bar', '2026-11-22 10:20:30 foo', '4714-11-24 00:00:00+00 BC', '4714-11-24 00:00:00+01 BC',
    '0044-03-15 12:00 BC', '10000-01-01 00:00+00', '1999-01-08 04:05:06 -8:00', '2026-11-22 10:20:30+00:00:01', '2026-11-22T10:20:30.123456789Z', '2026-11-22 America/New_York',
    '2026-11-22 10:20:30 GMT', '2026-11-22 10:20:30 MSK', '2026-11-22 10:20:30 CEST', '2026-11-22 10:20:30+2', 'abc', '2026-11-22 10:20:30+02 BC');
call pg_temp.c('timezone=America/New_York', 'timestamptz', '2026-11-22 10:20:30', '2026-07-22 10:20:30', '2026-03-08 02:30', '2026-03-08 01:59:59', '2026-03-08 03:00',
    '2026-11-01 01:30', '2026-11-01 00:30', '2026-11-01 02:00', '2026-11-01 01:30 EDT', '1850-07-01 12:00Z', '1883-11-18 17:00Z', '1942-06-01 12:00', '2050-07-01 12:00', '2150-07-01 12:00',
    '2150-12-01 12:00', '2400-02-29 12:00', '9999-07-01 12:00', '99999-07-01 12:00Z', '0044-03-15 12:00 BC', 'infinity', '1974-01-06 03:00', '2007-03-11 07:00Z');
call pg_temp.c('timezone=Asia/Kolkata', 'timestamptz', '2026-11-22 10:20:30', '2026-11-22 10:20:30Z', '1850-07-01 12:00Z', '1943-01-01 12:00Z', '1906-01-01 12:00Z');
call pg_temp.c('timezone=Europe/Berlin', 'timestamptz', '2026-03-29 02:30', '2026-10-25 02:30', '2026-10-25 01:30Z', '2026-10-25 00:30Z', '1945-06-01 12:00Z', '1893-04-01 00:00', '2099-07-01 00:00', '2101-07-01 00:00', '2101-01-01 00:00');
call pg_temp.c('timezone=Australia/Lord_Howe', 'timestamptz', '2026-01-01 00:00Z', '2026-07-01 00:00Z', '2026-04-05 01:45');
call pg_temp.c('timezone=Europe/Dublin', 'timestamptz', '2026-01-01 00:00Z', '2026-07-01 00:00Z', '2026-10-25 01:30');
call pg_temp.c('timezone=Africa/Monrovia', 'timestamptz', '1960-01-01 00:00Z', '1971-12-31 00:00Z', '1973-01-01 00:00Z');
call pg_temp.c('timezone=Pacific/Apia', 'timestamptz', '2011-12-29 12:00', '2011-12-30 12:00', '2011-12-31 12:00', '2026-01-01 00:00Z');
call pg_temp.c('timezone=America/New_York;datestyle=sql,mdy', 'timestamptz', '2026-11-22 10:20:30.5', '1850-07-01 12:00Z', '0044-03-15 12:00 BC');
call pg_temp.c('timezone=America/New_York;datestyle=postgres,mdy', 'timestamptz', '2026-07-22 10:20:30', '0044-03-15 12:00 BC');
call pg_temp.c('timezone=Asia/Dubai;datestyle=postgres,dmy', 'timestamptz', '2026-07-22 10:20:30');
call pg_temp.c('timezone=Asia/Dubai;datestyle=german,dmy', 'timestamptz', '2026-07-22 10:20:30', '22.07.2026 10:20:30');
call pg_temp.c('timezone=America/Sao_Paulo;datestyle=sql,dmy', 'timestamptz', '2026-07-22 10:20:30', '2018-12-01 10:20:30');
call pg_temp.c('timezone=Asia/Kathmandu;datestyle=sql,dmy', 'timestamptz', '2026-07-22 10:20:30');
call pg_temp.c('-', 'interval', '0', '1 day', '1 day 02:03:04', '1 year 2 mons 3 days 04:05:06.789', '-1 year 2 mons', '1 mon -1 day', '1 year -2 days +03:04:05', '-00:00:01',
    '-1 days +02:03', 'P1D', 'P1Y2M3DT4H5M6S', 'PT0.5S', 'P1W', 'P0001-02-03T04:05:06', 'PT-1H', 'P-1Y2M', 'P', 'PT', 'P1', 'P1X', '1 year 2 mons ago', '@ 1 minute', '@ 1 day 2 hours ago',
    '1.5 days', '1.5 hours', '1.5 months', '1.5 years', '0.5 weeks', '1-2', '-1-2', '1-13', '1 2:03', '1 2', '5', '5.5', '04:05', '04:05:06.7', '90:00', '100:61', '1 decade 2 centuries',
    '1 millennium', '300 ms', '300 us', '5 microseconds 3 milliseconds', '1 quarter', '1 fortnight', 'abc', '', '1', '1 day 1 day', '1 day ago 2', 'infinity', '-infinity', 'infinity x',
    '2147483647 days', '2147483648 days', '178956970 years', '178956971 years', '1 hour 30 min 5 sec', '1h 30m 5s', '1d', '1y2mon', 'ago', '1 ago', '1 day 5', '3 4:05:06', '+1-2 +3 +4:05:06',
    '-1-2 -3 -4:05:06', '1.123456789 sec', '0.0000005 sec', '1 week 1 day', '1 month 1.5 days', '1:2:3:4', '-1.5 days', '1 day -02:03:04', '12:34.5', '1 year, 2 months', 'day', '1 day hour', '1 2 3',
    '-0.1 month', '0.1 year', '1000000 hours', '2562047 hours', '23:59:59.9999999', '1 mons 2 mon', '5 sec 3 ms', '5.5 sec 3 ms', 'P1.5Y', 'P1.5D', 'PT1.5M');
call pg_temp.c('-', 'interval', 'p1d', 'P1DT', 'P20260102', 'PT040506', 'PT04', 'P1Y2', 'PT04:05', 'P2026-01', '1 ago', '04:05 ago', '-04:05 ago', '1 day -1 hour ago', '5 ago day', '1 day 24:00:00');
call pg_temp.c('intervalstyle=postgres_verbose', 'interval', '0', '1 day', '1 year 2 mons 3 days 04:05:06.789', '-1 year 2 mons', '1 mon -1 day', '-00:00:01', '-1 days +02:03', '00:00:01', '1 sec', '-0.5 sec', '1 year -0.5 sec',
    '-1 year 0.5 sec', '1.5 sec', '-1 hour -30 min', 'infinity', '25:00:00', '1 hour -0.25 sec');
call pg_temp.c('intervalstyle=sql_standard', 'interval', '0', '1 day', '1 year 2 mons', '1 year 2 mons 3 days 04:05:06.789', '-1 year 2 mons', '-1 year -2 mons', '1 mon -1 day', '-00:00:01', '-1 days +02:03', '3 days 04:05:06',
    '-3 days -04:05:06', '04:05:06.5', '-1 2:03:04', '-1-2', '-1 day 5 hours', 'infinity', '1 year 1 sec');
call pg_temp.c('intervalstyle=iso_8601', 'interval', '0', '1 day', '1 year 2 mons 3 days 04:05:06.789', '-1 year 2 mons', '-00:00:01.5', '-1 days +02:03', '1 week', '-0.5 sec', 'infinity', '0.000001 sec');
call pg_temp.c('-', 'int4[]', '{}', '{1}', '{1,2,NULL}', ' { 1 , 2 } ', '{{1,2},{3,4}}', '{{1},{2}}', '{{{1,2},{3,4}},{{5,6},{7,NULL}}}', '{{1,2},{3}}', '{1,{2}}', '{{},{}}', '{{1},{}}', '{1,2', '{1,2}x', '{1,}', '{,1}', '{a}',
    '1,2', '', '{"1","2"}', '{"1" 2}', '{1 2}', '[1:2]={1,2}', '[1:3]={1,2}', '[1:1][1:2]={{1,2}}', '{{{{{{1}}}}}}', '{{{{{{{1}}}}}}}', '{null,Null}', '{""}', '{1,,2}', '{{1,2},3}', '{', '}', '{}}', '[1:2]', '[a]={1}', '{99999999999}');
call pg_temp.c('-', 'text[]', '{}', '{a,b}', '{"a b",c}', '{"NULL",NULL,null,nullx}', '{""}', '{"a\"b","c\\d"}', '{a\"b}', '{"{}",","}', '{ab c , d}', '{a "b"}', '{"a"b}', E'{"tab\t","new\nline"}', '{ä,😀}', '{"a,b"}', '{{a,"b c"},{d,e}}', '{\NULL}', '{"', '{"a', '{a\',
    '{(1),[2]}', '{"\a"}', E'{\v}', '{'' ''}');
call pg_temp.c('-', 'bool[]', '{t,f,NULL}', '{true,false}');
call pg_temp.c('-', 'float8[]', '{1.5,NaN,-Infinity,1e20}');
call pg_temp.c('-', 'numeric[]', '{1.5,2.2,-3.0}', '{1,NULL}', '{}', '{1.5,x}');
call pg_temp.c('-', 'date[]', '{2026-11-22,infinity,NULL}');
call pg_temp.c('-', 'timestamp[]', '{"2026-11-22 10:20:30",NULL}', '{2026-11-22 10:20:30}');
call pg_temp.c('timezone=Asia/Kolkata', 'timestamptz[]', '{"2026-11-22 10:20:30"}');
call pg_temp.c('-', 'interval[]', '{"1 day",02:03:04}');
call pg_temp.c('-', 'uuid[]', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}');
call pg_temp.c('-', 'bytea[]', '{"\\x0aff",abc}');
call pg_temp.c('-', 'jsonb[]', '{"{\"a\": 1}",1}');
call pg_temp.c('-', 'oid[]', '{1,4294967295}');
call pg_temp.c('-', 'int2vector', '1 2 3', '');
call pg_temp.c('-', 'oidvector', '1 2 3', '', ' 5  6 ', 'x');
call pg_temp.c('-', 'int2vector[]', '{1 2,3 4}', '{}');
call pg_temp.c('timezone=Asia/Tehran', 'timestamptz', '2022-09-21 12:00Z', '2023-07-01 12:00', '2026-01-01 00:00:00.5');
call pg_temp.c('timezone=Africa/Casablanca', 'timestamptz', '2026-03-01 12:00Z', '2026-02-20 12:00Z', '2080-06-01 12:00Z', '2095-06-01 12:00Z');
call pg_temp.c('timezone=America/Caracas', 'timestamptz', '2007-12-09 12:00Z', '2016-05-01 12:00Z', '1900-01-01 00:00Z');
call pg_temp.c('timezone=Asia/Pyongyang', 'timestamptz', '2015-08-15 00:00', '2018-05-04 23:30', '2018-05-05 00:00');
call pg_temp.c('timezone=UTC', 'timestamptz', '0001-01-01 00:00:00', '1970-01-01 00:00:00', '294246-12-31 00:00:00', '294277-01-01 00:00:00');

copy (
    select c.settings, c.type, c.literal, p.code, p.printed, p.sent
    from cases c, pg_temp.probe(c.settings, c.type, c.literal) p
    order by c.id
) to stdout;
