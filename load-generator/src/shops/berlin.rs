//! Bakery in Berlin, with its main trade in the morning and a second batch at noon.

use super::{ShopModel, table};

const STORE: &str = r#"{
    "store_id": "berlin-01", "name": "Backstube Winterfeldt", "zone": "Europe/Berlin",
    "hours": "mon-fri 06:30-18:30, sat 07:00-16:00, sun 08:00-13:00",
    "policy": { "afternoon_starts": "14:00", "price_endings": ["0", "5"], "elasticity": "2.2" }
}"#;

/// Items. Deliveries of butter croissants and cheese rolls are below their demand on purpose.
const ITEMS: &str = "
BRT-RYE     Rye bread          bread     3.90 1.15 1.50  EA 90/9/1    34 evening 1.9   20@0 18@330
BRT-SOUR    Sourdough loaf     bread     4.80 1.45 1.90  EA 92/7/1    28 evening 1.8   18@0 14@330
BRT-SEED    Seed loaf          bread     4.50 1.40 1.80  EA 94/5/1    20 steady 2.1    14@0 9@330
BRT-BAG     Baguette           bread     1.95 0.55 0.60  EA 70/25/5   42 evening 2.4   18@0 30@360
ROL-WHEAT   Wheat roll         rolls     0.45 0.10 -     EA 20/40/40  180 morning 2.0  145@0 55@270
ROL-SEED    Seed roll          rolls     0.75 0.20 0.25  EA 35/40/25  88 morning 2.2   70@0 30@270
PRE-SALT    Pretzel            rolls     1.10 0.27 0.35  EA 60/28/12  64 steady 2.3    40@0 33@270
CRO-BUTTER  Butter croissant   pastry    1.60 0.50 -     EA 50/35/15  75 morning 2.4   66@0
CRO-CHOC    Pain au chocolat   pastry    1.90 0.58 0.60  EA 70/22/8   34 morning 2.6   40@0
PAS-CINN    Cinnamon bun       pastry    2.10 0.62 0.80  EA 72/22/6   40 steady 2.5    34@0 12@300
CAK-APPLE   Apple cake, slice  pastry    2.80 0.90 1.00  EA 60/34/6   38 evening 2.7   46@60
SAN-CHEESE  Cheese roll        sandwich  3.20 1.10 1.20  EA 85/13/2   46 lunch 2.0     26@0 16@240
";

pub(super) fn shop() -> ShopModel {
    table::shop(STORE, 3, ITEMS)
}
