CREATE SCHEMA cdp;
COMMENT ON SCHEMA cdp IS 'Tables and views of the customer data platform. Functions and types stand in the schema of CREATE EXTENSION.';
