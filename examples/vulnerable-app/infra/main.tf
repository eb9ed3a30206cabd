provider "aws" {
  region = "eu-west-1"
}

resource "aws_s3_bucket" "invoices" {
  bucket = "quayside-invoices"
  acl    = "public-read"
}

resource "aws_security_group" "shop" {
  name = "shop"

  ingress {
    from_port   = 0
    to_port     = 65535
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_db_instance" "shop" {
  identifier          = "shop"
  engine              = "postgres"
  instance_class      = "db.t3.micro"
  allocated_storage   = 20
  username            = "shop"
  password            = "Tr0ub4dor-and-3"
  publicly_accessible = true
  storage_encrypted   = false
  skip_final_snapshot = true
}
