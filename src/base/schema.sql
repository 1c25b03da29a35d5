CREATE SCHEMA cdp;
COMMENT ON SCHEMA cdp IS 'Tables and views of the customer data platform. Functions and types stand in the schema of CREATE EXTENSION.';

CREATE FUNCTION cdp_configuration_changed() RETURNS trigger
    AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION cdp_configuration_changed() IS
    'Trigger: makes every connection read the table anew, once the change is committed.';
REVOKE ALL ON FUNCTION cdp_configuration_changed() FROM PUBLIC;
