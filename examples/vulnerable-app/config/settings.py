"""Settings of the production shop. All values are invented for the demo."""

DEBUG = True
SESSION_KEY = "correct-horse-battery-staple"
DATABASE_URL = "postgres://shop:Tr0ub4dor-and-3@db.quayside.example:5432/shop"

AWS_ACCESS_KEY_ID = "AKIASCANGATEDEMOONLY"
AWS_SECRET_ACCESS_KEY = "NotARealKey/InventedForTheDemo+012345678"

GITHUB_TOKEN = "ghp_NotARealTokenInventedForTheDemo00000"
