//! Lunch shop in Dublin, with almost all sales before two in the afternoon.

use super::{ShopModel, table};

const STORE: &str = r#"{
    "store_id": "dublin-01", "name": "Capel Street Lunch", "zone": "Europe/Dublin",
    "hours": "mon-fri 07:30-18:00, sat 09:00-16:00",
    "policy": { "afternoon_starts": "13:30", "max_discount_percent": 60, "max_changes": 4,
                "min_minutes_between_changes": 30, "elasticity": "2.2" }
}"#;

/// Items. Deliveries of the Caesar wrap are below its demand on purpose.
const ITEMS: &str = "
SAN-CHKN   Chicken sandwich      sandwich  5.50 1.90 2.00  EA 88/11/1  56 lunch 2.1    42@0 22@180
SAN-HAM    Ham sandwich          sandwich  4.95 1.60 1.80  EA 88/11/1  46 lunch 2.2    34@0 19@180
SAN-EGG    Egg sandwich          sandwich  4.50 1.30 1.50  EA 90/9/1   36 lunch 2.4    42@0
WRP-FALA   Falafel wrap          sandwich  5.95 1.95 2.00  EA 92/7/1   34 lunch 2.3    22@0 18@180
WRP-CAES   Chicken Caesar wrap   sandwich  6.20 2.20 2.50  EA 90/9/1   40 lunch 1.9    36@0
SAL-CAES   Caesar salad          salad     6.95 2.40 2.50  EA 94/5/1   28 lunch 2.0    31@90
SAL-GRAIN  Grain salad           salad     6.50 2.10 2.50  EA 94/5/1   22 lunch 2.5    26@90
SOU-VEG    Vegetable soup, tub   soup      4.20 0.95 1.00  EA 85/13/2  44 lunch 2.0    28@90 20@240
YOG-BERRY  Yoghurt with berries  dairy     3.50 1.05 -     EA 88/10/2  34 morning 2.6  40@0
SCO-FRUIT  Fruit scone           pastry    2.40 0.55 0.60  EA 65/28/7  58 steady 2.4   44@0 22@240
FRU-POT    Cut fruit pot         produce   3.20 1.15 1.20  EA 88/10/2  26 steady 2.8   31@30
";

pub(super) fn shop() -> ShopModel {
    table::shop(STORE, 2, ITEMS)
}
