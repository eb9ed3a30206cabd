// Prints the receipt of an order: node tools/receipt.js ORDER

const { exec } = require("child_process");
const _ = require("lodash");
const options = require("minimist")(process.argv.slice(2));

const template = _.template("Thank you for your order <%= order %>");

function print(order) {
  exec("lpr -T " + order + " /srv/receipts/" + order + ".pdf", (error) => {
    console.log(error ? error.message : template({ order }));
  });
}

print(options._[0]);
