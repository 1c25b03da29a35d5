SELECT name AS segment, rule, to_char(cdp_segment_size(name), 'FM999,999,999') AS "today",
       to_char(cdp_count(rule, :'at'), 'FM999,999,999') AS "as of then"
FROM cdp.segment ORDER BY name;
