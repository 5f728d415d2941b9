import Storage

let catalogueMigrations = MigrationSet(
    component: "catalogue",
    migrations: [
        Migration(1, "create products, variants, prices and categories") { dialect in
            """
            CREATE TABLE categories (
                id \(dialect.uuid) NOT NULL PRIMARY KEY,
                parent_id \(dialect.uuid) REFERENCES categories (id),
                slug TEXT NOT NULL UNIQUE,
                name TEXT NOT NULL,
                version \(dialect.bigint) NOT NULL,
                created_at \(dialect.timestamp) NOT NULL
            ) \(dialect.strict);

            CREATE TABLE products (
                id \(dialect.uuid) NOT NULL PRIMARY KEY,
                kind TEXT NOT NULL CHECK (kind IN ('destination', 'activity', 'package')),
                status TEXT NOT NULL CHECK (status IN ('draft', 'active', 'archived', 'deleted')),
                name TEXT NOT NULL,
                description TEXT NOT NULL,
                -- Its names in all languages, in lower case: what a search looks into.
                search_text TEXT NOT NULL,
                -- What an imported file calls it by.
                import_key TEXT UNIQUE,
                version \(dialect.bigint) NOT NULL,
                created_at \(dialect.timestamp) NOT NULL,
                updated_at \(dialect.timestamp) NOT NULL
            ) \(dialect.strict);
            CREATE INDEX products_created ON products (created_at, id);
            -- Name and description in other languages, by BCP 47 tag.
            CREATE TABLE product_texts (
                product_id \(dialect.uuid) NOT NULL,
                locale TEXT NOT NULL,
                name TEXT NOT NULL,
                description TEXT NOT NULL,
                PRIMARY KEY (product_id, locale)
            ) \(dialect.strict);
            CREATE TABLE product_categories (
                product_id \(dialect.uuid) NOT NULL,
                -- So that no category goes while a product comes into it.
                category_id \(dialect.uuid) NOT NULL REFERENCES categories (id),
                PRIMARY KEY (product_id, category_id)
            ) \(dialect.strict);
            CREATE INDEX product_categories_category ON product_categories (category_id);
            -- One value of its type: text, a whole number, or a truth value as 0 and 1.
            CREATE TABLE product_attributes (
                product_id \(dialect.uuid) NOT NULL,
                name TEXT NOT NULL,
                type TEXT NOT NULL CHECK (type IN ('text', 'number', 'boolean')),
                text_value TEXT,
                number_value \(dialect.bigint),
                PRIMARY KEY (product_id, name)
            ) \(dialect.strict);
            CREATE INDEX product_attributes_value
                ON product_attributes (name, text_value, number_value);

            CREATE TABLE variants (
                id \(dialect.uuid) NOT NULL PRIMARY KEY,
                product_id \(dialect.uuid) NOT NULL,
                place INTEGER NOT NULL,
                sku TEXT NOT NULL UNIQUE,
                name TEXT NOT NULL,
                is_active \(dialect.boolean) NOT NULL,
                room_class TEXT,
                starts_at \(dialect.timestamp),
                ends_at \(dialect.timestamp),
                quantity_min INTEGER NOT NULL,
                quantity_max INTEGER NOT NULL
            ) \(dialect.strict);
            CREATE INDEX variants_product ON variants (product_id, place);
            CREATE TABLE variant_prices (
                variant_id \(dialect.uuid) NOT NULL,
                currency TEXT NOT NULL,
                place INTEGER NOT NULL,
                amount \(dialect.bigint) NOT NULL CHECK (amount > 0),
                PRIMARY KEY (variant_id, currency)
            ) \(dialect.strict);
            -- Every price that ever held; the current ones have no end.
            CREATE TABLE price_history (
                id \(dialect.identity),
                variant_id \(dialect.uuid) NOT NULL,
                currency TEXT NOT NULL,
                amount \(dialect.bigint) NOT NULL,
                valid_from \(dialect.timestamp) NOT NULL,
                valid_until \(dialect.timestamp)
            ) \(dialect.strict);
            CREATE INDEX price_history_variant
                ON price_history (variant_id, currency, valid_from);
            """
        }
    ])
